# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Alarms are reconciled: what is read, planned and written, with an account in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.alarm_options import alarm_args
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.alarms import Alarms
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.bulk import reconcile
from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import KumawatchError
from ansible_collections.kumawatch.monitoring.plugins.module_utils._outcome import Outcome
from tests.unit.plugins.module_utils._aws.alarm_entries import (
    anomaly,
    composite,
    every_kind,
    insights,
    log,
    math,
    metric,
)
from tests.unit.plugins.module_utils._aws.cloudwatch import CloudWatch, lost

MINE = {"managed-by": "mine"}


def run(
    account: CloudWatch,
    entries: Sequence[dict[str, Any]],
    *,
    check: bool = False,
    owner: str | None = "mine",
    purge: bool = False,
    max_deletions: int | None = None,
) -> Outcome:
    """Reconcile as the module does; ``account.calls`` are those of this run."""
    kind = Alarms([{**dict.fromkeys(alarm_args()), **entry} for entry in entries])
    kind.owner, kind.purge, kind.max_deletions = owner, purge, max_deletions
    account.calls.clear()
    return reconcile(account, kind, check_mode=check, sleep=lambda seconds: None)  # type: ignore[arg-type]


def names(changes: Sequence[Any]) -> list[str]:
    return [change.label for change in changes]


def counted(account: CloudWatch) -> dict[str, int]:
    return dict(Counter(operation for operation, _given in account.calls))


@pytest.fixture
def account() -> CloudWatch:
    return CloudWatch()


def test_everything_is_created_once(account: CloudWatch) -> None:
    outcome = run(account, every_kind())
    assert outcome.error == ""
    assert len(outcome.plan.create) == len(every_kind())
    assert all(tags == MINE for tags in account.tags.values())
    again = run(account, every_kind())
    assert not again.plan.changed
    assert counted(account) == {"DescribeAlarms": 1, "GetResources": 1}


def test_check_mode_says_the_same_of_an_empty_account_and_writes_nothing(account: CloudWatch) -> None:
    planned = run(account, every_kind(), check=True)
    assert counted(account) == {"DescribeAlarms": 1, "GetResources": 1}
    done = run(account, every_kind())
    assert planned.plan == done.plan


def test_no_tags_are_read_where_nobody_asks_for_them(account: CloudWatch) -> None:
    run(account, [metric()], owner=None)
    assert account.tags[account.arn("cpu")] == {}
    run(account, [metric()], owner=None)
    assert counted(account) == {"DescribeAlarms": 1}


def test_a_thousand_alarms_are_read_by_the_page(account: CloudWatch) -> None:
    entries = [metric(f"alarm {number}") for number in range(1000)]
    assert run(account, entries).error == ""
    assert counted(account)["PutMetricAlarm"] == 1000
    outcome = run(account, entries)
    assert len(outcome.plan.unchanged) == 1000
    assert counted(account) == {"DescribeAlarms": 10, "GetResources": 10}


def test_only_what_differs_is_put_and_the_rest_of_it_is_kept(account: CloudWatch) -> None:
    run(account, every_kind())
    before = {name: dict(item) for name, item in account.alarms.items()}
    changes = [
        {"name": "cpu", "threshold": 90, "state": "present"},
        {"name": "errors", "description": "new", "state": "present"},
        {"name": "network", "evaluation_periods": 6, "state": "present"},
        {"name": "fleet", "treat_missing_data": "missing", "state": "present"},
        {"name": "prom", "promql": {"recovery_period": 90}, "state": "present"},
        {"name": "service", "suppressor": {"wait": 30}, "state": "present"},
        {"name": "logs", "log_query": {"start_offset": 600}, "state": "present"},
        {"name": "p99", "actions_enabled": False, "state": "present"},
    ]
    outcome = run(account, changes)
    assert outcome.error == ""
    assert names(outcome.plan.update) == sorted(["cpu", "errors", "network", "fleet", "prom", "service", "logs"])
    assert outcome.plan.unchanged == ("p99",)
    differing = {
        name: {key for key in {*item, *before[name]} if item.get(key) != before[name].get(key)}
        for name, item in account.alarms.items()
    }
    assert differing == {
        "cpu": {"Threshold"},
        "errors": {"AlarmDescription"},
        "network": {"EvaluationPeriods"},
        "fleet": {"TreatMissingData"},
        "prom": {"EvaluationCriteria"},
        "service": {"ActionsSuppressorWaitPeriod"},
        "logs": {"ScheduledQueryConfiguration"},
        "p99": set(),
    }
    assert account.alarms["prom"]["EvaluationCriteria"] == {
        "PromQLCriteria": {"Query": "up == 0", "PendingPeriod": 60, "RecoveryPeriod": 90}
    }
    assert not run(account, changes).plan.changed


def test_an_alarm_becomes_one_of_another_kind_of_metric(account: CloudWatch) -> None:
    run(account, [metric("x")])
    outcome = run(account, [math("x")])
    assert set(outcome.plan.update[0].differences) == {
        *("metrics", "namespace", "metric", "dimensions", "statistic", "period"),
    }
    assert "MetricName" not in account.alarms["x"]
    run(account, [anomaly("x")])
    assert "Threshold" not in account.alarms["x"]
    run(account, [metric("x", datapoints_to_alarm=5)])
    assert "Metrics" not in account.alarms["x"]
    assert "ThresholdMetricId" not in account.alarms["x"]
    assert not run(account, [metric("x")]).plan.changed


def test_an_alarm_cannot_become_a_composite_one(account: CloudWatch) -> None:
    run(account, [metric("x"), metric("cpu"), metric("errors")])
    with pytest.raises(KumawatchError, match="alarm 'x' is a metric alarm and declared as a composite alarm"):
        run(account, [composite("x")])
    with pytest.raises(KumawatchError, match="option 'threshold' does not go with kind composite"):
        run(account, [{"name": "x", "rule": "TRUE", "threshold": 5, "state": "present"}])
    assert counted(account).get("PutMetricAlarm") is None


def test_what_is_declared_in_part_needs_to_exist(account: CloudWatch) -> None:
    with pytest.raises(KumawatchError, match="alarm 'x': option 'metric' is missing"):
        run(account, [{"name": "x", "threshold": 5, "state": "present"}])
    run(account, [composite("s", rule="TRUE")])
    with pytest.raises(
        KumawatchError, match="option 'threshold' does not go with a composite alarm, which this one is"
    ):
        run(account, [{"name": "s", "threshold": 5, "state": "present"}])


def test_what_an_alarm_keeps_may_contradict_what_is_declared(account: CloudWatch) -> None:
    run(account, [metric(evaluation_periods=5, datapoints_to_alarm=4)])
    with pytest.raises(KumawatchError, match="'datapoints_to_alarm' is 4, more than evaluation_periods, which is 3"):
        run(account, [{"name": "cpu", "evaluation_periods": 3, "state": "present"}])


def test_m_follows_n_where_it_was_never_set(account: CloudWatch) -> None:
    run(account, [metric(evaluation_periods=5)])
    run(account, [{"name": "cpu", "evaluation_periods": 10, "state": "present"}])
    assert "DatapointsToAlarm" not in account.alarms["cpu"]


# -- tags


def test_tags_of_an_alarm_that_exists_are_set_by_calls_of_their_own(account: CloudWatch) -> None:
    run(account, [metric(tags={"a": "1", "b": "2"})])
    assert account.made("PutMetricAlarm")[0]["Tags"] == [
        {"Key": "a", "Value": "1"},
        {"Key": "b", "Value": "2"},
        {"Key": "managed-by", "Value": "mine"},
    ]
    outcome = run(account, [metric(tags={"b": "3", "c": "4"})])
    assert outcome.error == ""
    assert "PutMetricAlarm" not in counted(account)
    assert account.tags[account.arn("cpu")] == {"b": "3", "c": "4", **MINE}
    run(account, [metric(threshold=1)])
    assert account.tags[account.arn("cpu")] == {"b": "3", "c": "4", **MINE}
    assert "TagResource" not in counted(account)
    run(account, [metric(tags={})])
    assert account.tags[account.arn("cpu")] == MINE


def test_without_marks_those_of_others_are_left_alone(account: CloudWatch) -> None:
    run(account, [metric(tags={"a": "1"})])
    run(account, [metric(tags={"b": "2"})], owner=None)
    assert account.tags[account.arn("cpu")] == {"b": "2", **MINE}
    run(account, [metric(tags={"managed-by": "somebody"})], owner=None)
    assert account.tags[account.arn("cpu")] == {"managed-by": "somebody"}


def test_tags_that_aws_sets_are_left_alone(account: CloudWatch) -> None:
    run(account, [metric(tags={"a": "1"})])
    account.tags[account.arn("cpu")]["aws:cloudformation:stack-name"] = "s"
    assert not run(account, [metric(tags={"a": "1"})]).plan.changed
    run(account, [metric(tags={})])
    assert account.tags[account.arn("cpu")] == {"aws:cloudformation:stack-name": "s", **MINE}


@pytest.mark.parametrize(
    "index", [None, lambda arn: False, lambda arn: arn.endswith("1")], ids=["none", "empty", "lagging"]
)
def test_an_index_that_lags_or_is_missing_is_made_up_for(index: Any) -> None:
    account = CloudWatch(index_knows=index)
    entries = [metric(f"alarm {number}", tags={"n": str(number)}) for number in range(12)]
    assert run(account, entries).error == ""
    outcome = run(account, entries)
    assert not outcome.plan.changed
    known = 0 if index is None else sum(index(account.arn(entry["name"])) for entry in entries)
    assert counted(account)["ListTagsForResource"] == 12 - known


def test_marks_are_read_of_all_alarms_where_a_purge_needs_them_and_there_is_no_index() -> None:
    account = CloudWatch(index_knows=None)
    run(account, [metric("a"), metric("b")])
    account.put("PutMetricAlarm", AlarmName="theirs")
    outcome = run(account, [metric("a")], purge=True)
    assert names(outcome.plan.delete) == ["b"]
    assert outcome.plan.unmanaged == ("theirs",)


# -- ownership


def test_an_alarm_without_a_mark_is_adopted(account: CloudWatch) -> None:
    run(account, [metric(tags={"a": "1"})], owner=None)
    outcome = run(account, [metric()])
    assert [change.adopted for change in outcome.plan.update] == [True]
    assert counted(account)["TagResource"] == 1
    assert "PutMetricAlarm" not in counted(account)
    assert account.tags[account.arn("cpu")] == {"a": "1", **MINE}
    assert not run(account, [metric()]).plan.changed


def test_an_alarm_with_another_mark_is_refused(account: CloudWatch) -> None:
    run(account, [metric()], owner="theirs")
    with pytest.raises(KumawatchError, match="alarm 'cpu' belongs to managed_by 'theirs', not to 'mine'"):
        run(account, [metric(threshold=1)])
    assert account.alarms["cpu"]["Threshold"] == 80


def test_a_purge_deletes_ours_and_nothing_else(account: CloudWatch) -> None:
    run(account, [metric("ours"), metric("kept")])
    run(account, [metric("theirs")], owner="theirs")
    account.put("PutMetricAlarm", AlarmName="nobody's")
    outcome = run(account, [metric("kept")], purge=True)
    assert names(outcome.plan.delete) == ["ours"]
    assert set(account.alarms) == {"kept", "theirs", "nobody's"}
    with pytest.raises(KumawatchError, match="purge would delete 1 alarms"):
        run(account, [], purge=True, max_deletions=0)


def test_nothing_is_purged_on_the_word_of_an_index_that_is_out_of_date(account: CloudWatch) -> None:
    run(account, [metric("a"), metric("b")])
    real = account.call

    def outdated(service: str, operation: str, /, **given: Any) -> dict[str, Any]:
        answer = real(service, operation, **given)
        if operation == "GetResources":
            for item in answer["ResourceTagMappingList"]:
                item["Tags"] = [{"Key": "managed-by", "Value": "mine"}]
        return answer

    account.tags[account.arn("b")] = {"managed-by": "theirs"}
    account.call = outdated  # type: ignore[method-assign]
    outcome = run(account, [metric("a")], purge=True)
    assert (outcome.plan.delete, outcome.plan.unmanaged) == ((), ("b",))


def test_absent(account: CloudWatch) -> None:
    run(account, [metric()])
    gone = {"name": "cpu", "state": "absent"}
    assert names(run(account, [gone]).plan.delete) == ["cpu"]
    outcome = run(account, [gone])
    assert (outcome.plan.changed, outcome.plan.unchanged) == (False, ("cpu",))


def test_what_is_ignored_is_set_once(account: CloudWatch) -> None:
    entry = metric(threshold=80, tags={"a": "1"}, ignore=["threshold", "tags"])
    run(account, [entry])
    run(account, [metric(threshold=95, tags={"b": "2"})])
    assert not run(account, [entry]).plan.changed
    run(account, [{**entry, "period": 120}])
    assert (account.alarms["cpu"]["Threshold"], account.alarms["cpu"]["Period"]) == (95, 120)
    assert account.tags[account.arn("cpu")] == {"b": "2", **MINE}
    with pytest.raises(
        KumawatchError, match="ignore names 'treshold', which is no option of a CloudWatch alarm: did you mean"
    ):
        run(account, [metric(ignore=["treshold"])])


# -- composites


def tree() -> list[dict[str, Any]]:
    """Declared the wrong way round."""
    return [
        composite("top", rule='ALARM("middle") OR ALARM(leaf)'),
        composite("middle", rule="ALARM(lowest)", suppressor={"alarm": "brake", "wait": 1, "extension": 1}),
        composite("brake", rule="ALARM(leaf)"),
        composite("lowest", rule="AT_LEAST(1, ALARM, (leaf, twig))"),
        metric("leaf"),
        math("twig"),
    ]


def test_children_come_first_and_go_last(account: CloudWatch) -> None:
    assert run(account, tree()).error == ""
    written = [given["AlarmName"] for given in account.made("PutMetricAlarm", "PutCompositeAlarm")]
    assert set(written[:2]) == {"leaf", "twig"}
    assert set(written[2:4]) == {"brake", "lowest"}
    assert written[4:] == ["middle", "top"]
    outcome = run(account, [], purge=True)
    assert outcome.error == ""
    deleted = [given["AlarmNames"] for given in account.made("DeleteAlarms")]
    assert deleted[:2] == [["top"], ["middle"]]
    assert sorted(deleted[2:4]) == [["brake"], ["lowest"]]
    assert sorted(deleted[4]) == ["leaf", "twig"]
    assert account.alarms == {}


def test_a_rule_that_means_the_same_is_no_change(account: CloudWatch) -> None:
    run(account, [metric("a"), metric("b"), composite("c", rule="ALARM(a) AND OK(b)")])
    arn = account.arn("a")
    outcome = run(account, [composite("c", rule=f'( ALARM("{arn}") )\nAND OK("b")')])
    assert not outcome.plan.changed


def test_a_rule_may_name_what_exists_and_is_not_declared(account: CloudWatch) -> None:
    account.put("PutMetricAlarm", AlarmName="theirs")
    assert run(account, [composite("c", rule="ALARM(theirs)")]).error == ""


@pytest.mark.parametrize(
    ("entries", "complaint"),
    [
        (
            [composite("c", rule="ALARM(nothing)")],
            "alarm 'c': option 'rule' names alarm 'nothing', which neither exists",
        ),
        (
            [composite("c", rule="TRUE", suppressor={"alarm": "nothing", "wait": 1, "extension": 1})],
            "alarm 'c': option 'suppressor.alarm' names alarm 'nothing', which neither exists nor is declared",
        ),
        (
            [composite("c", rule="ALARM(there)"), {"name": "there", "state": "absent"}],
            "names alarm 'there', which is declared absent",
        ),
        ([composite("c", rule="ALARM(c)")], "go round in a circle (c -> c)"),
        (
            [composite("a", rule="ALARM(b)"), composite("b", rule="ALARM(c)"), composite("c", rule="NOT OK(a)")],
            "alarm 'a': composite alarms go round in a circle (a -> b -> c -> a)",
        ),
        (
            [
                composite("a", rule="ALARM(b)"),
                composite("b", rule="TRUE", suppressor={"alarm": "a", "wait": 1, "extension": 1}),
            ],
            "go round in a circle (a -> b -> a)",
        ),
        (
            [composite("old", rule="ALARM(new)"), composite("new", rule="ALARM(theirs)")],
            "go round in a circle (old -> new -> theirs -> old)",
        ),
        (
            [composite(f"c{number}", rule="ALARM(there)") for number in range(151)],
            "alarm 'there' would be named by 151 composite alarms, and CloudWatch takes 150",
        ),
        (
            [{"name": "used", "state": "absent"}],
            "alarm 'used' is to be deleted, but composite alarm 'user', which stays",
        ),
        ([metric("twice"), metric("twice")], "alarm 'twice' is declared twice, as entries 1 and 2: remove one of them"),
        (
            [composite("c", rule="ALARM(there"), metric("fine")],
            "alarm 'c': option 'rule' ends where ')' should follow",
        ),
    ],
)
def test_references_that_cannot_be(account: CloudWatch, entries: list[dict[str, Any]], complaint: str) -> None:
    for name in ("there", "used"):
        account.put("PutMetricAlarm", AlarmName=name)
    account.put("PutCompositeAlarm", AlarmName="user", AlarmRule="ALARM(used)")
    account.put("PutCompositeAlarm", AlarmName="old", AlarmRule="TRUE")
    account.put("PutCompositeAlarm", AlarmName="theirs", AlarmRule="ALARM(old)")
    for check in (True, False):
        with pytest.raises(KumawatchError) as caught:
            run(account, entries, check=check)
        assert complaint in str(caught.value)
        assert set(counted(account)) <= {"DescribeAlarms", "GetResources", "ListTagsForResource"}


def test_a_purge_of_what_a_composite_that_stays_names_is_refused(account: CloudWatch) -> None:
    run(account, [metric("used")])
    account.put("PutCompositeAlarm", AlarmName="theirs", AlarmRule="ALARM(used)")
    with pytest.raises(
        KumawatchError, match="alarm 'used' is to be deleted, but composite alarm 'theirs', which stays"
    ):
        run(account, [], purge=True)


def test_a_child_goes_in_the_run_in_which_its_parent_lets_go_of_it(account: CloudWatch) -> None:
    run(account, [metric("a"), metric("b"), composite("c", rule="ALARM(a) OR ALARM(b)")])
    outcome = run(account, [metric("b"), composite("c", rule="ALARM(b)")], purge=True)
    assert outcome.error == ""
    assert set(account.alarms) == {"b", "c"}


def test_rules_that_nobody_here_can_read_are_left_alone(account: CloudWatch) -> None:
    account.put("PutMetricAlarm", AlarmName="a")
    account.put("PutCompositeAlarm", AlarmName="theirs", AlarmRule="MAJORITY(a)")
    assert run(account, [metric("a")]).error == ""


# -- deletions


def test_metric_alarms_are_deleted_a_hundred_a_call_and_log_alarms_alone(account: CloudWatch) -> None:
    run(account, [*(metric(f"alarm {number:03}") for number in range(250)), log("l1"), log("l2")])
    outcome = run(account, [], purge=True)
    assert outcome.error == ""
    sizes = sorted(len(given["AlarmNames"]) for given in account.made("DeleteAlarms"))
    assert sizes == [1, 1, 50, 100, 100]


def test_an_alarm_that_somebody_else_deleted_meanwhile_is_no_failure(account: CloudWatch) -> None:
    run(account, [metric(f"alarm {number}") for number in range(5)])

    def steal(operation: str, given: Any) -> None:
        if operation == "DeleteAlarms" and len(given["AlarmNames"]) > 1:
            account.alarms.pop("alarm 3")

    account.before = steal
    outcome = run(account, [], purge=True)
    assert (outcome.error, account.alarms) == ("", {})


# -- what is not known


@pytest.mark.parametrize(
    ("unknown", "entry", "complaint"),
    [
        (
            "ActionConfiguration",
            metric(tag_propagation=True),
            "option 'tag_propagation' needs botocore 1.43.115 or newer",
        ),
        ("WarmUpConfiguration", metric(warm_up={"minutes": 5}), "option 'warm_up' needs botocore 1.43.78"),
        ("EvaluationWindow", metric(evaluation_window={"type": "sliding"}), "needs botocore 1.43.38"),
        ("EvaluationCriteria", {"name": "x", "promql": {"query": "up"}}, "option 'promql' needs botocore 1.42.72"),
        ("PutLogAlarm", log(), "alarm 'logs': option 'log_query' needs botocore 1.43.37"),
    ],
)
def test_what_the_installed_botocore_does_not_know(unknown: str, entry: dict[str, Any], complaint: str) -> None:
    account = CloudWatch(unknown=[unknown])
    with pytest.raises(KumawatchError, match=complaint):
        run(account, [{"state": "present", **entry}])
    assert account.calls == []


def test_what_is_off_needs_no_botocore_that_could_switch_it_on() -> None:
    account = CloudWatch(unknown=["ActionConfiguration"])
    assert run(account, [metric(tag_propagation=False)]).error == ""
    assert "ActionConfiguration" not in account.made("PutMetricAlarm")[0]


def test_a_region_without_log_alarms(account: CloudWatch) -> None:
    account.unknown = ["LogAlarm"]
    assert run(account, [metric(), insights()]).error == ""
    assert not run(account, [metric(), insights()]).plan.changed


# -- faults


def test_every_tenth_answer_lost(account: CloudWatch) -> None:
    seen = Counter[str]()

    def fault(operation: str, given: Any) -> Any:
        if operation.startswith(("Put", "Tag", "Delete")):
            seen["calls"] += 1
            return lost(operation) if seen["calls"] % 10 == 0 else None
        return None

    entries = [metric(f"alarm {number}", tags={"n": str(number)}) for number in range(120)]
    account.after = fault
    outcome = run(account, entries)
    assert (outcome.error, outcome.failures) == ("", [])
    # Done although the answer was lost, so not one of them is written twice.
    assert counted(account)["PutMetricAlarm"] == 120
    changed = [{**entry, "threshold": 5, "tags": {"m": "x"}} for entry in entries]
    assert run(account, changed).error == ""
    account.after, account.before = None, fault
    assert run(account, [], purge=True).error == ""
    assert account.alarms == {}


def test_half_an_update_is_finished(account: CloudWatch) -> None:
    run(account, [metric(tags={"a": "1"})])
    failed: list[str] = []

    def fault(operation: str, given: Any) -> Any:
        if operation == "TagResource" and not failed:
            failed.append(operation)
            return lost(operation)
        return None

    account.before = fault
    outcome = run(account, [metric(threshold=1, tags={"a": "2"})])
    assert (outcome.error, failed) == ("", ["TagResource"])
    # The second round tags, and does not put again what was put.
    assert counted(account)["PutMetricAlarm"] == 1
    assert account.tags[account.arn("cpu")] == {"a": "2", **MINE}


def test_what_a_run_left_the_next_one_does(account: CloudWatch) -> None:
    entries = tree() + [metric(f"alarm {number}") for number in range(50)]
    count = Counter[str]()

    def stop(operation: str, given: Any) -> Any:
        if operation.startswith("Put"):
            count["puts"] += 1
            if count["puts"] > 20:
                raise KeyboardInterrupt
        return None

    account.before = stop
    with pytest.raises(KeyboardInterrupt):
        run(account, entries)
    account.before = None
    outcome = run(account, entries)
    assert outcome.error == ""
    assert len(outcome.plan.unchanged) == 20
    assert not run(account, entries).plan.changed


def test_what_is_written_may_be_shown_late(account: CloudWatch) -> None:
    account.late = 3
    outcome = run(account, [metric("a"), metric("b")])
    assert (outcome.error, counted(account)["DescribeAlarms"]) == ("", 5)


def test_what_cloudwatch_does_not_keep_is_told(account: CloudWatch) -> None:
    def forget(operation: str, given: Any) -> None:
        if operation == "PutMetricAlarm":
            account.alarms[given["AlarmName"]].pop("Threshold", None)

    account.after = forget
    outcome = run(account, [metric()])
    assert outcome.error == (
        "alarm 'cpu': the server did not keep threshold: check the values, or name them in ignore."
    )


def test_one_that_is_refused_does_not_stop_the_others(account: CloudWatch) -> None:
    def refuse(operation: str, given: Any) -> Any:
        from tests.unit.plugins.module_utils._aws.account import refused

        return refused("LimitExceeded") if given.get("AlarmName") == "alarm 3" else None

    account.before = refuse
    outcome = run(account, [metric(f"alarm {number}") for number in range(6)])
    assert [failure["name"] for failure in outcome.failures] == ["alarm 3"]
    assert "LimitExceeded" in outcome.error
    assert len(account.alarms) == 5
