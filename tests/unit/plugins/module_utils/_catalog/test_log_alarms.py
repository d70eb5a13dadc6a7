# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The alarms on logs of a catalogue: what each watches, what they name, and how they are told of."""

from __future__ import annotations

import re
import time
from collections import Counter
from typing import Any

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog import log_alarms as module
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog import logs
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.alarms import alarms
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.log_alarms import log_alarms
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.signals import KINDS, LOG_SIGNALS
from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import InputError

from .log_catalogue import AURORA, BALANCER, POSTGRES, Entry, catalogue, discovery, many
from .test_alarms import TOPICS, checked

AT_LEAST, ABOVE, BELOW = "GreaterThanOrEqualToThreshold", "GreaterThanThreshold", "LessThanThreshold"


def made(text: str = "", found: Entry | None = None, **options: Any) -> dict[str, Entry]:
    """The alarms on logs, by name without the environment; checked together with those on metrics that they name."""
    declared = catalogue(text) if text else catalogue()
    found = discovery() if found is None else found
    entries = log_alarms(declared, found, TOPICS, **options)
    checked([*alarms(declared, found, TOPICS), *entries])
    return {entry["name"].removeprefix("production/"): entry for entry in entries}


def one(text: str, found: Entry | None = None) -> dict[str, Entry]:
    """Those of a service ``api`` with these logs."""
    declared = f"[{{name: api, load_balancer: prod, database: prod-db, logs: {{{text}}}}}]"
    known = discovery(api={"load_balancer": BALANCER, "database": POSTGRES})
    result = made(declared, known if found is None else found)
    return {name.removeprefix("api/"): entry for name, entry in result.items()}


def shown(entry: Entry) -> tuple[Any, ...]:
    metrics = entry.get("metrics") or [{"metric_stat": {"period": entry.get("period")}}]
    periods = {item["metric_stat"]["period"] for item in metrics if "metric_stat" in item} - {None}
    return (
        entry["comparison"], entry["threshold"], *periods,
        f"{entry['datapoints_to_alarm']} of {entry['evaluation_periods']}", entry["treat_missing_data"],
    )  # fmt: skip


# -- the table --------------------------------------------------------------------------------------------------------

EVERY = """
silence: {minutes: 20, severity: critical}, anomaly: true,
sources: [{file: /a, format: json}, {file: /b, name: web, format: nginx}, {load_balancer: true}, {database: true}],
patterns: [{name: declined, pattern: '{ $.a = b }', threshold: 3, severity: critical}],
repeated: [{name: timeouts, text: timeout, times: 7}]
"""
TABLE = {
    "log_errors/warning": (ABOVE, 1, 60, "5 of 5", "notBreaching"),
    "log_errors/critical": (ABOVE, 5, 60, "3 of 5", "notBreaching"),
    "log_5xx/warning": (ABOVE, 1, 60, "5 of 5", "notBreaching"),
    "log_5xx/critical": (ABOVE, 5, 60, "3 of 5", "notBreaching"),
    "log_502/warning": (ABOVE, 1, 60, "5 of 5", "notBreaching"),
    "log_502/critical": (ABOVE, 5, 60, "3 of 5", "notBreaching"),
    "log_502/balancer/warning": (ABOVE, 1, 60, "5 of 5", "notBreaching"),
    "log_502/balancer/critical": (ABOVE, 5, 60, "3 of 5", "notBreaching"),
    "log_502/application/warning": (ABOVE, 1, 60, "5 of 5", "notBreaching"),
    "log_502/application/critical": (ABOVE, 5, 60, "3 of 5", "notBreaching"),
    "database_slow_queries/prod-db/warning": (ABOVE, 1000, 300, "2 of 3", "notBreaching"),
    "database_slow_queries/prod-db/critical": (ABOVE, 5000, 300, "2 of 3", "notBreaching"),
    "log_silence/app/critical": (BELOW, 1, 60, "20 of 20", "breaching"),
    "log_silence/web/critical": (BELOW, 1, 60, "20 of 20", "breaching"),
    "log_anomaly/app/warning": (AT_LEAST, 1, 300, "1 of 1", "notBreaching"),
    "log_anomaly/web/warning": (AT_LEAST, 1, 300, "1 of 1", "notBreaching"),
    "log_pattern/declined/critical": (AT_LEAST, 3, 300, "1 of 1", "notBreaching"),
    "log_repeated/timeouts/warning": (AT_LEAST, 7, "1 of 1", "notBreaching"),
}


def test_every_kind_watches_what_the_table_says() -> None:
    found = {name: entry for name, entry in one(EVERY).items() if entry["kind"] != "composite"}
    assert {name: shown(entry) for name, entry in found.items()} == TABLE
    assert {entry["tags"]["kind"] for entry in found.values()} == set(LOG_SIGNALS)
    assert set(LOG_SIGNALS) <= set(KINDS)


def test_errors_are_a_share_of_the_lines_that_cloudwatch_counts() -> None:
    metrics = one("sources: [{file: /a}, {file: /b, name: b}]")["log_errors/warning"]["metrics"]
    assert [(item["id"], item.get("expression") or item["metric_stat"]["metric"]) for item in metrics] == [
        ("bad", "api/errors"), ("a1", "IncomingLogEvents"), ("a2", "IncomingLogEvents"),
        ("all", "FILL(a1,0)+FILL(a2,0)"), ("e", "IF(all>=50,100*FILL(bad,0)/all,0)"),
    ]  # fmt: skip
    assert [item["metric_stat"]["dimensions"]["LogGroupName"] for item in metrics[1:3]] == [
        "/production/api/app", "/production/api/b",
    ]  # fmt: skip
    assert [item["return_data"] for item in metrics] == [False] * 4 + [True]
    files = ", ".join(f"{{file: /{number}, name: f{number}}}" for number in range(12))
    assert len(one(f"sources: [{files}]")["log_errors/warning"]["metrics"]) == 10 + 2, "what metric math takes"


def test_the_thresholds_are_those_of_the_catalogue() -> None:
    found = one("error_rate: {warning: 3, critical: false, floor: 200}, sources: [{file: /a}]")
    assert set(found) == {"log_errors/warning"}, "one severity needs no composites"
    assert found["log_errors/warning"]["threshold"] == 3
    assert ">=200" in found["log_errors/warning"]["metrics"][-1]["expression"]
    assert one("error_rate: false, sources: [{file: /a}]") == {}
    assert one("error_rate: false, bad_gateway: false, slow_query: false, " + EVERY.partition("sources")[2].join(
        ["sources", ""]
    )).keys() == {"log_pattern/declined/critical", "log_repeated/timeouts/warning"}  # fmt: skip


def test_what_the_load_balancer_counts_itself_is_not_told_of_twice() -> None:
    found = made()
    assert not [name for name in found if name.startswith("api/log_5xx")]
    assert "shop/log_5xx/warning" in found, "nginx's own"
    assert "shop/log_5xx/load-balancer/warning" in found, "for errors_5xx is off there"
    assert (
        found["shop/log_5xx/load-balancer/warning"]["metrics"][0]["metric_stat"]["metric"] == "shop/load-balancer/5xx"
    )


@pytest.mark.parametrize(
    ("engine", "scale"), [("postgres", 1000), ("aurora-postgresql", 1000), ("mysql", 1), ("aurora-mysql", 1)]
)
def test_slow_queries_are_compared_in_the_unit_of_the_log(engine: str, scale: int) -> None:
    database = {**POSTGRES, "engine": engine}
    found = one("slow_query: {warning: 0.25}, sources: [{database: true}]", discovery(api={"database": database}))
    entry = found["database_slow_queries/prod-db/warning"]
    assert entry["threshold"] == 0.25 * scale
    assert [item["metric_stat"]["stat"] for item in entry["metrics"][:2]] == ["SampleCount", "p90"]
    assert "above 0.25 s" in entry["description"]


def test_a_pattern_with_dimensions_is_watched_over_all_of_them() -> None:
    entry = made()["api/log_pattern/upload/critical"]
    assert entry["kind"] == "metrics_insights"
    assert entry["metrics"][0]["expression"] == (
        'SELECT MAX("api/upload") FROM SCHEMA("Kumawatch/production", "Country") GROUP BY "Country"'
    )
    text = (
        "sources: [{file: /a, format: json}], "
        "patterns: [{name: a, pattern: '{ $.a = b }', statistic: p90, threshold: 1, dimensions: {A: $.a}}]"
    )
    assert not [name for name in one(text) if name.startswith("log_pattern")]
    declared = catalogue(f"[{{name: api, logs: {{{text}}}}}]")
    assert module.omissions(declared, discovery(api={})) == [
        "service 'api': has no alarm on the pattern 'a', since CloudWatch compares no p90 over dimensions."
    ]


def test_a_pattern_without_a_threshold_is_counted_and_not_watched() -> None:
    text = "error_rate: false, sources: [{file: /a}], patterns: [{name: a, pattern: b}]"
    assert one(text) == {}


# -- repeated errors --------------------------------------------------------------------------------------------------


def test_a_repeated_error_has_the_lines_in_its_message() -> None:
    entry = one(EVERY)["log_repeated/timeouts/warning"]
    role = "arn:aws:iam::123456789012:role/kumawatch-production-log-alarms"
    assert entry["log_query"] == {
        "query": 'fields @timestamp, @message, @logStream\n| filter @message like "timeout"\n| sort @timestamp desc',
        "log_groups": ["/production/api/app", "/production/api/web"],
        "role_arn": role, "schedule": "rate(5 minutes)", "start_offset": 360, "end_offset": 60,
        "aggregation": "count(*)",
    }  # fmt: skip
    assert entry["log_lines"] == {"count": 5, "role_arn": role}
    assert "7 lines or more in 5 minutes have timeout." in entry["description"]
    found = made(role_arn="arn:aws:iam::1:role/mine")
    minute = found["api/log_repeated/timeouts/warning"]
    assert minute["log_query"]["schedule"] == "rate(1 minute)"
    assert minute["log_query"]["role_arn"] == "arn:aws:iam::1:role/mine"
    assert minute["log_lines"] == {"count": 0}, "no lines, and no role to fetch them"
    assert "like /timeout after \\d+ ms/\n" in minute["log_query"]["query"]
    assert 'like "say \\"no\\""' in found["api/log_repeated/refused/critical"]["log_query"]["query"]


def test_without_an_account_or_a_log_there_is_no_alarm_and_it_is_said() -> None:
    text = "[{name: api, logs: {sources: [{file: /a}], repeated: [{name: a, text: b}]}}]"
    assert module.omissions(catalogue(text)) == [
        "service 'api': has no alarm on the repeated error 'a', since the account is not known."
    ]
    nothing = "[{name: api, logs: {repeated: [{name: a, text: b}], patterns: [{name: p, pattern: x, threshold: 1}]}}]"
    assert module.omissions(catalogue(nothing), discovery(api={})) == [
        "service 'api': has no alarm on the pattern 'p', since no log is searched for it.",
        "service 'api': has no alarm on the repeated error 'a', since no log is searched for it.",
    ]
    cheap = nothing.replace("repeated", "sources: [{file: /a, class: infrequent_access}], repeated")
    assert set(made(cheap, discovery(api={}))) == {"api/log_repeated/a/warning"}, "a query needs no metric"


# -- telling ----------------------------------------------------------------------------------------------------------


def test_both_severities_are_one_incident() -> None:
    found = one("sources: [{file: /a}]")
    assert set(found) == {f"log_errors/{last}" for last in ("warning", "critical", "notify-warning", "notify-recovery")}
    told = found["log_errors/notify-warning"]
    assert told["rule"] == (
        'ALARM("production/api/log_errors/warning") AND NOT ALARM("production/api/log_errors/critical")'
    )
    assert found["log_errors/warning"]["alarm_actions"] == []
    assert found["log_errors/critical"]["alarm_actions"] == [TOPICS["critical"]]


def test_what_a_service_above_does_is_not_told_of() -> None:
    found = made()
    assert found["api/service/log-upstreams/critical"]["rule"] == 'ALARM("production/queue/service/critical")'
    assert (
        found["api/log_errors/notify-critical"]["suppressor"]["alarm"]
        == "production/api/service/log-upstreams/critical"
    )
    assert found["api/log_pattern/declined/notify-warning"]["suppressor"]["alarm"] == (
        "production/api/service/log-hush/critical"
    )
    silence = found["api/log_silence/app/warning"]
    assert silence["alarm_actions"] and silence["ok_actions"], "it is no symptom: nobody else explains it"


def test_without_the_alarms_on_metrics_nothing_names_them() -> None:
    entries = log_alarms(catalogue(), discovery(), TOPICS, upstream=False)
    checked(entries)  # by themselves: what one names is among them
    assert not [entry["name"] for entry in entries if "/service/" in entry["name"]]


def test_alarms_on_logs_and_on_metrics_have_no_name_in_common() -> None:
    declared, found = catalogue(), discovery()
    names = [entry["name"] for entry in (*alarms(declared, found, TOPICS), *log_alarms(declared, found, TOPICS))]
    assert len(names) == len(set(names))


def test_nothing_is_watched_that_is_not_counted() -> None:
    counted = {entry["metric_name"] for entry in logs.metric_filters(catalogue(), discovery())}
    groups = {entry["name"] for entry in logs.groups(catalogue(), discovery())}
    for entry in made().values():
        for item in entry.get("metrics", ()):
            stat = item.get("metric_stat", {})
            if stat.get("namespace") == "Kumawatch/production":
                assert stat["metric"] in counted
            elif stat.get("namespace") == "AWS/Logs":
                assert stat["dimensions"]["LogGroupName"] in groups
        assert set(entry.get("log_query", {}).get("log_groups", ())) <= groups
        names = re.findall(r'"(api/[^"]+|shop/[^"]+)"', str(entry.get("metrics", "")))
        assert set(names) <= counted
        assert set((entry.get("dimensions") or {}).get("LogAnomalyDetector", "").split()) <= groups


@pytest.mark.parametrize(("change", "enabled"), [("present", True), ("paused", False)])
def test_a_service_that_is_paused_keeps_its_alarms(change: str, enabled: bool) -> None:
    found = made(f"[{{name: api, state: {change}, logs: {{sources: [{{file: /a}}]}}}}]", discovery(api={}))
    assert {entry["actions_enabled"] for entry in found.values()} == {enabled}


def test_a_service_that_goes_takes_its_alarms_with_it() -> None:
    text = "[{name: api, state: %s, logs: {sources: [{file: /a}], repeated: [{name: a, text: b}]}}]"
    there, gone = (made(text % state, discovery(api={})) for state in ("present", "absent"))
    assert there.keys() == gone.keys()
    assert all(entry == {"name": f"production/{name}", "state": "absent"} for name, entry in gone.items())


def test_a_runbook_and_an_owner_are_on_the_alarm() -> None:
    text = """
    - name: api
      owner: payments
      runbook: https://wiki.example.com/api
      logs:
        error_rate: {runbook: https://wiki.example.com/errors}
        sources: [{file: /a}]
        patterns: [{name: a, pattern: b, threshold: 1, runbook: https://wiki.example.com/a}]
        repeated: [{name: c, text: d}]
    """
    found = made(text, discovery(api={}))
    assert {name.split("/")[1]: entry["tags"]["runbook"].rpartition("/")[2] for name, entry in found.items()} == {
        "log_errors": "errors", "log_pattern": "a", "log_repeated": "api",
    }  # fmt: skip
    assert {entry["tags"]["owner"] for entry in found.values()} == {"payments"}
    without = made("[{name: api, logs: {sources: [{file: /a}]}}]", discovery(api={}))
    assert without["api/log_errors/warning"]["tags"]["runbook"].endswith("/runbooks/log_errors.md")


def test_topics_that_cannot_be_are_refused() -> None:
    with pytest.raises(InputError, match="'fatal' is no severity"):
        log_alarms(catalogue(), discovery(), {"fatal": "arn:x"})


def test_without_topics_there_are_no_composites_that_tell() -> None:
    entries = log_alarms(catalogue(), discovery())
    assert not [entry["name"] for entry in entries if "notify" in entry["name"]]


def test_a_thousand_services_take_no_time_and_stay_within_the_limits() -> None:
    whole = many(1000)
    begin = time.process_time()
    entries = log_alarms(whole["catalogue"], whole["discovery"], TOPICS)
    assert time.process_time() - begin < 8
    assert len(entries) > 10_000
    parents: Counter[str] = Counter()
    seen: set[str] = set()
    for entry in (*alarms(whole["catalogue"], whole["discovery"], TOPICS), *entries):
        names = [
            *re.findall(r'ALARM\("([^"]+)"\)', entry.get("rule", "")),
            (entry.get("suppressor") or {}).get("alarm"),
        ]
        parents.update({name for name in names if name})
        assert {name for name in names if name} <= seen, entry["name"]
        seen.add(entry["name"])
    assert len(seen) > len(entries)
    assert max(parents.values()) <= 150, parents.most_common(3)


def test_mysql_of_a_cluster_is_one_database() -> None:
    found = one("sources: [{database: true}]", discovery(api={"database": AURORA}))
    assert "database_slow_queries/orders/warning" in found
