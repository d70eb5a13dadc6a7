# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Metric filters: checked and tried on their samples before anything is written, compared by what they mean."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws import log_filters_model as model
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.bulk import reconcile
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.log_filters import MetricFilters
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.log_pattern import parse
from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import KumawatchError
from tests.unit.plugins.module_utils._aws.account import Account, refused

ARN = "arn:aws:logs:eu-central-1:123456789012:log-group:"
ENTRY: dict[str, Any] = {
    "log_group": "/p/api/app", "name": "err", "pattern": '{ $.level = "ERROR" }', "metric_name": "api/errors",
    "metric_namespace": "Kumawatch/p",
}  # fmt: skip


class Filters(Account):
    """Filters, fifty a page, of log groups with tags. ``tells`` answers TestMetricFilter."""

    def __init__(self, *filters: dict[str, Any], marks: dict[str, str] | None = None, **options: Any) -> None:
        self.filters: dict[tuple[str, str], dict[str, Any]] = {}
        self.marks = marks or {}
        self.tells: Any = refused("UnknownOperationException")
        super().__init__(
            {
                "DescribeMetricFilters": self._describe,
                "PutMetricFilter": self._put,
                "DeleteMetricFilter": self._delete,
                "TestMetricFilter": self._test,
                "GetResources": lambda **_: {
                    "ResourceTagMappingList": [
                        {"ResourceARN": ARN + group, "Tags": [{"Key": "managed-by", "Value": mark}]}
                        for group, mark in self.marks.items()
                    ]
                },
            },
            **options,
        )
        for item in filters:
            self._put(**item)

    def _describe(self, limit: int, nextToken: str = "0") -> dict[str, Any]:  # noqa: N803
        items = [self.filters[key] for key in sorted(self.filters)]
        start = int(nextToken)
        more = {"nextToken": str(start + limit)} if start + limit < len(items) else {}
        return {"metricFilters": items[start : start + limit], **more}

    def _put(self, **sent: Any) -> dict[str, Any]:
        self.filters[sent["logGroupName"], sent["filterName"]] = {"applyOnTransformedLogs": False, **sent}
        return {}

    def _delete(self, logGroupName: str, filterName: str) -> dict[str, Any]:  # noqa: N803
        if (logGroupName, filterName) not in self.filters:
            raise refused("ResourceNotFoundException")
        del self.filters[logGroupName, filterName]
        return {}

    def _test(self, **sent: Any) -> dict[str, Any]:
        if isinstance(self.tells, Exception):
            raise self.tells
        return self.tells(**sent)


def run(
    account: Filters, *entries: dict[str, Any], owner: str | None = "m", purge: bool = False, check: bool = False
) -> Any:
    kind = MetricFilters(entries, "kumawatch-")
    kind.owner, kind.purge = owner, purge
    return reconcile(account, kind, check_mode=check, sleep=lambda _: None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"log_group": "a b"}, "metric filter 'a b:err': log_group takes 1 to 512 letters"),
        ({"name": "a:b"}, "name takes 1 to 512 characters, but no : and no *"),
        ({"pattern": "{ $.a == 1 }"}, "api/app:err': pattern is not understood at '= 1 }' at character"),
        ({"metric_name": "a*"}, "metric_name takes 1 to 255 characters, but no : and no * and no $"),
        ({"metric_value": "many"}, "metric_value 'many' is neither a number nor a selector such as $.latency"),
        ({"metric_value": "nan"}, "metric_value 'nan' is neither"),
        ({"metric_value": "$bytes"}, "metric_value $bytes cannot be extracted: a pattern in braces extracts selectors"),
        ({"pattern": "ERROR", "metric_value": "$.a"}, "a pattern of terms extracts nothing: give a number"),
        ({"default_value": "none"}, "default_value 'none' is no number: correct it, or write '' for none"),
        ({"dimensions": {"a": "$.a"}, "default_value": "0"}, "default_value cannot be combined with dimensions"),
        ({"dimensions": {"a": "x"}}, "dimensions.a 'x' cannot be extracted: write a selector such as"),
        ({"pattern": "[a, b]", "dimensions": {"a": "$c"}}, "dimensions.a '$c' cannot be extracted: the pattern has"),
        ({"dimensions": dict.fromkeys("abcd", "$.a")}, "more than 3 together: leave some out"),
        (
            {"dimensions": dict.fromkeys("abc", "$.a"), "system_field_dimensions": ["@aws.account"]},
            "dimensions and system_field_dimensions are more than 3 together",
        ),
        ({"system_field_dimensions": ["@aws.acount"]}, "has '@aws.acount', and there are @aws.account and"),
        ({"field_selection_criteria": "x" * 2001}, "field_selection_criteria is longer than 2000 characters"),
        ({"ignore": ["patern"]}, "ignore names 'patern', which is no option of a metric filter: did you mean 'pat"),
        ({"test": [{"line": ""}]}, "sample 1 in test has an empty line, which no log has"),
        ({"test": [{"line": "x", "match": False, "values": {"$.a": 1}}]}, "should not match and expects values"),
    ],
)  # fmt: skip
def test_what_cannot_be_right_is_named_before_anything_is_read(change: dict[str, Any], said: str) -> None:
    account = Filters()
    with pytest.raises(KumawatchError) as caught:
        run(account, {**ENTRY, **change})
    assert said in str(caught.value)
    assert not account.calls


@pytest.mark.parametrize(
    ("member", "change", "version"),
    [
        ("applyOnTransformedLogs", {"apply_on_transformed_logs": True}, "1.35.67"),
        ("emitSystemFieldDimensions", {"system_field_dimensions": ["@aws.region"]}, "1.40.32"),
        ("fieldSelectionCriteria", {"field_selection_criteria": '@aws.region = "eu-west-1"'}, "1.40.32"),
    ],
)
def test_what_botocore_is_too_old_for_is_refused(member: str, change: dict[str, Any], version: str) -> None:
    with pytest.raises(KumawatchError, match=f"{next(iter(change))} needs botocore {version}"):
        run(Filters(unknown=(f"PutMetricFilter.{member}",)), {**ENTRY, **change})


def test_a_new_filter_needs_what_it_counts_and_where() -> None:
    with pytest.raises(KumawatchError, match="metric filter '/g:x' is new and lacks pattern and metric_name and"):
        run(Filters(), {"log_group": "/g", "name": "x"})


def test_a_filter_is_known_by_its_whole_name() -> None:
    # A list by prefix has both, and where exactly one is expected, neither is found.
    stored = [model.request(("/p/api/app", name), {**ENTRY, "metric_value": "1"}) for name in ("err-total", "err-2")]
    account = Filters(*stored)
    outcome = run(account, ENTRY, {**ENTRY, "name": "err-total", "state": "absent"})
    assert not outcome.failures
    assert sorted(account.filters) == [("/p/api/app", "err"), ("/p/api/app", "err-2")]
    assert not run(account, ENTRY).plan.changed


def test_what_means_the_same_is_no_change() -> None:
    account = Filters()
    entry = {
        **ENTRY, "pattern": " ", "metric_value": "1.0", "default_value": "0", "unit": "None", "dimensions": {},
        "apply_on_transformed_logs": False, "system_field_dimensions": [], "field_selection_criteria": "",
    }  # fmt: skip
    assert not run(account, entry).failures
    same = {**entry, "pattern": "", "metric_value": "1", "default_value": "0.0"}
    assert run(account, same).plan.unchanged == ("/p/api/app:err",)
    assert account.filters["/p/api/app", "err"]["metricTransformations"][0]["defaultValue"] == 0


def test_a_change_keeps_what_is_not_declared() -> None:
    account = Filters()
    full = {**ENTRY, "metric_value": "$.ms", "unit": "Milliseconds", "dimensions": {"Route": "$.route"},
            "system_field_dimensions": ["@aws.region"], "apply_on_transformed_logs": True}  # fmt: skip
    assert not run(account, full).failures
    assert not run(account, {"log_group": "/p/api/app", "name": "err", "metric_name": "other"}).failures
    stored = account.filters["/p/api/app", "err"]
    assert stored["metricTransformations"] == [
        {"metricName": "other", "metricNamespace": "Kumawatch/p", "metricValue": "$.ms", "unit": "Milliseconds",
         "dimensions": {"Route": "$.route"}}
    ]  # fmt: skip
    assert stored["emitSystemFieldDimensions"] == ["@aws.region"]
    assert stored["applyOnTransformedLogs"] is True


def test_default_and_dimensions_take_the_place_of_each_other() -> None:
    account = Filters()
    key = ("/p/api/app", "err")
    assert not run(account, {**ENTRY, "default_value": "0"}).failures
    assert not run(account, {**ENTRY, "dimensions": {"Route": "$.route"}}).failures
    assert account.filters[key]["metricTransformations"][0].keys() == {
        "metricName", "metricNamespace", "metricValue", "dimensions"}  # fmt: skip
    outcome = run(account, {**ENTRY, "default_value": "2.5"}, check=True)
    assert sorted(outcome.plan.update[0].differences) == ["default_value", "dimensions"]
    assert not run(account, {**ENTRY, "default_value": "2.5"}).failures
    assert not run(account, {**ENTRY, "default_value": ""}).failures
    assert "defaultValue" not in account.filters[key]["metricTransformations"][0]


def test_samples_fail_before_anything_is_written_also_in_check_mode() -> None:
    lines = [{"line": '{"level":"ERROR"}'}, {"line": '{"level":"error"}'}, {"line": '{"level":"INFO"}', "match": False}]
    for check in (True, False):
        account = Filters()
        with pytest.raises(KumawatchError) as caught:
            run(account, {**ENTRY, "test": lines}, check=check)
        assert str(caught.value) == (
            "metric filter '/p/api/app:err': sample 2 should match, and the pattern '{ $.level = \"ERROR\" }' does not "
            'match the line \'{"level":"error"}\': correct the pattern or the sample.'
        )
        assert not account.filters


def test_samples_can_be_lines_that_must_not_match() -> None:
    with pytest.raises(KumawatchError) as caught:
        run(Filters(), {**ENTRY, "pattern": "[ERROR]", "test": [{"line": "INFO Größe 🔥", "match": False}] * 2})
    assert "sample 1 should not match, and the pattern '[ERROR]' matches the line 'INFO Größe 🔥'" in str(caught.value)
    assert "(1 more samples fail)" in str(caught.value)


def test_samples_say_what_is_extracted() -> None:
    test = [
        {"line": '{"level":"ERROR","ms":12.50,"ok":true}', "values": {"$.ms": 12.5, "$.level": "ERROR", "$.ok": True}}
    ]
    assert not run(Filters(), {**ENTRY, "metric_value": "$.ms", "test": test}).failures
    wrong = [{"line": '{"level":"ERROR","ms":7}', "values": {"$.ms": 12.5}}]
    with pytest.raises(
        KumawatchError, match=r"sample 1 should extract \$\.ms = '12\.5', and the pattern .* extracts '7' from"
    ):
        run(Filters(), {**ENTRY, "test": wrong})
    with pytest.raises(KumawatchError, match=r"should extract \$\.x = '1', and the pattern .* extracts nothing from"):
        run(Filters(), {**ENTRY, "test": [{**wrong[0], "values": {"$.x": 1}}]})


def test_cloudwatch_is_asked_of_new_patterns_and_has_the_last_word() -> None:
    def tells(filterPattern: str, logEventMessages: list[str]) -> dict[str, Any]:  # noqa: N803
        return {
            "matches": [
                {"eventNumber": number, "eventMessage": line, "extractedValues": {"$.level": "from CloudWatch"}}
                for number, line in enumerate(logEventMessages, start=1)
                if "7" in line
            ]
        }

    account = Filters()
    account.tells = tells
    lines = [{"line": f'{{"n":{number}}}', "match": "7" in str(number)} for number in range(120)]
    lines[7]["values"] = {"$.level": "from CloudWatch"}
    assert not run(account, {**ENTRY, "test": lines}).failures
    assert [len(sent["logEventMessages"]) for sent in account.made("TestMetricFilter")] == [50, 50, 20]
    # We find it wrong, it exists, and CloudWatch finds it right.
    account.calls.clear()
    assert not run(account, {**ENTRY, "test": lines}).plan.changed
    assert account.made("TestMetricFilter")
    # We find it right, and it exists: nobody is asked.
    account.calls.clear()
    assert not run(account, {**ENTRY, "test": [{"line": '{"level":"ERROR"}'}]}).plan.changed
    assert not account.made("TestMetricFilter")
    account.tells = refused("InvalidParameterException")
    with pytest.raises(KumawatchError, match=r"metric filter '/p/api/app:err': pattern 'x': refused \(InvalidParam"):
        run(account, {**ENTRY, "pattern": "x", "test": [{"line": "x"}]})


def test_cloudwatch_is_asked_once_of_what_many_filters_share() -> None:
    account = Filters()
    account.tells = lambda filterPattern, logEventMessages: {"matches": []}  # noqa: N803
    entries = [{**ENTRY, "name": f"n{number}", "test": [{"line": "x", "match": False}]} for number in range(30)]
    assert not run(account, *entries).failures
    assert len(account.made("TestMetricFilter")) == 1
    with pytest.raises(KumawatchError, match=r"'/p/api/app:n0': sample 1 should match.*\(29 more samples fail\)"):
        run(Filters(), *[{**entry, "test": [{"line": "x"}]} for entry in entries])


def test_terms_that_cloudwatch_ignores_are_warned_of() -> None:
    outcome = run(Filters(), {**ENTRY, "pattern": "?ERROR ?WARN api"}, check=True)
    assert outcome.warnings == ["metric filter '/p/api/app:err': CloudWatch ignores the terms with ? beside others."]


def test_a_purge_takes_what_is_ours_in_groups_that_are_ours() -> None:
    names = [("/ours", "kumawatch-old"), ("/ours", "theirs"), ("/other", "kumawatch-x"), ("/plain", "kumawatch-y")]
    stored = [model.request(key, {**ENTRY}) for key in names]
    account = Filters(*stored, marks={"/ours": "m", "/other": "x"})
    outcome = run(account, {**ENTRY, "log_group": "/ours", "name": "kumawatch-new"}, purge=True)
    assert [change.label for change in outcome.plan.delete] == ["/ours:kumawatch-old"]
    assert outcome.plan.unmanaged == ("/other:kumawatch-x", "/ours:theirs", "/plain:kumawatch-y")
    assert sorted(account.filters) == sorted([*names[1:], ("/ours", "kumawatch-new")])


def test_without_an_index_of_tags_log_groups_are_asked() -> None:
    account = Filters(*[model.request((group, "kumawatch-x"), ENTRY) for group in ("/ours", "/other")])
    account.answers["GetResources"] = lambda **_: (_ for _ in ()).throw(refused("AccessDeniedException"))
    account.answers["DescribeLogGroups"] = lambda **_: {
        "logGroups": [{"logGroupName": name, "arn": f"{ARN}{name}:*"} for name in ("/ours", "/other", "/empty")]
    }
    account.answers["ListTagsForResource"] = lambda resourceArn: {  # noqa: N803
        "tags": {"managed-by": "m"} if resourceArn == f"{ARN}/ours" else {}
    }
    assert [change.label for change in run(account, purge=True).plan.delete] == ["/ours:kumawatch-x"]
    assert {sent["resourceArn"] for sent in account.made("ListTagsForResource")} == {f"{ARN}/ours", f"{ARN}/other"}


def test_nothing_to_do_takes_a_call_for_fifty_filters() -> None:
    entries = [{**ENTRY, "log_group": f"/g/{number // 3}", "name": f"n{number}"} for number in range(151)]
    account = Filters(*[model.request((entry["log_group"], entry["name"]), entry) for entry in entries])
    assert not run(account, *entries).plan.changed
    assert [operation for operation, _ in account.calls] == ["DescribeMetricFilters"] * 4


def test_a_log_group_has_a_hundred_filters_and_five_with_regular_expressions() -> None:
    stored = [model.request(("/g", f"n{number}"), ENTRY) for number in range(100)]
    with pytest.raises(KumawatchError, match="log group '/g' would have 101 metric filters, and there may be 100"):
        run(Filters(*stored), {**ENTRY, "log_group": "/g", "name": "new"})
    gone = {"log_group": "/g", "name": "n0", "state": "absent"}
    assert not run(Filters(*stored), {**ENTRY, "log_group": "/g", "name": "new"}, gone, check=True).failures
    regexes = [{**ENTRY, "name": f"n{number}", "pattern": "%5[0-9]{2}%"} for number in range(6)]
    with pytest.raises(
        KumawatchError, match="would have 6 metric filters with regular expressions, and there may be 5"
    ):
        run(Filters(), *regexes)


def test_one_that_is_declared_twice_is_refused() -> None:
    with pytest.raises(KumawatchError, match="metric filter '/p/api/app:err' is declared twice, as entries 1 and 3"):
        run(Filters(), ENTRY, {**ENTRY, "name": "x"}, ENTRY)


def test_a_filter_that_is_refused_does_not_stop_the_others() -> None:
    account = Filters()
    put = account.answers["PutMetricFilter"]

    def only_known(**sent: Any) -> dict[str, Any]:
        if sent["logGroupName"] == "/none":
            raise refused("ResourceNotFoundException")
        return put(**sent)

    account.answers["PutMetricFilter"] = only_known
    outcome = run(account, ENTRY, {**ENTRY, "log_group": "/none"})
    assert [failure["name"] for failure in outcome.failures] == ["/none:err"]
    assert list(account.filters) == [("/p/api/app", "err")]


def test_an_export_is_what_makes_it() -> None:
    full = {
        **ENTRY, "name": "Größe", "metric_value": "$.ms", "dimensions": {"Route": "$.route"}, "unit": "Milliseconds",
        "system_field_dimensions": ["@aws.account"], "field_selection_criteria": '@aws.region = "x"',
        "apply_on_transformed_logs": True,
    }  # fmt: skip
    account = Filters()
    assert not run(account, full, {**ENTRY, "default_value": "0"}).failures
    second, first = (model.exported(account.filters[key]) for key in sorted(account.filters))
    assert second == full
    assert first == {**ENTRY, "default_value": 0.0}
    again = Filters()
    assert not run(again, first, second).failures
    assert again.filters == account.filters


def test_the_units_are_those_of_the_api() -> None:
    botocore = pytest.importorskip("botocore.session")
    shape = botocore.get_session().get_service_model("logs").shape_for("MetricTransformation")
    assert set(model.UNITS) == set(shape.members["unit"].enum)
    assert parse("").regexes == 0
