# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The alarms on traces: what each watches, where they are left to others, and how they are told of."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog import log_alarms, mutes
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog import trace_alarms as module
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.alarms import alarms
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.signals import DECLARED, TRACE_SIGNALS
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.telling import MOST_PARENTS
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.trace_alarms import trace_alarms
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.traces import SETTINGS, Traces
from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import InputError

from .log_catalogue import BALANCER, Entry, discovery
from .test_alarms import TOPICS, catalogue, checked, shown

ABOVE, BELOW = "GreaterThanThreshold", "LessThanThreshold"
XRAY = {"region": "eu-central-1"}
BALANCED = {"name": "api", "objective": 99.9, "load_balancer": "prod"}
SEEN = {
    "name": "shop", "objective": 99, "owner": "web",
    "apm": {"slo": "application_signals", "service_name": "shop-web", "group": True},
    "alarms": {"trace_silence": True},
}  # fmt: skip
FOUND = {"api": {"load_balancer": BALANCER}}


def made(*services: Entry, found: Entry | None = None, traces: Any = None, **options: Any) -> dict[str, Entry]:
    """The alarms on traces, by name without the environment; checked together with those that they name."""
    declared = catalogue(*services)
    known = discovery(**(FOUND if found is None else found))
    entries = trace_alarms(declared, known, TOPICS, XRAY if traces is None else traces, **options)
    checked([*alarms(declared, known, TOPICS), *entries])
    return {entry["name"].removeprefix("production/"): entry for entry in entries}


def said(*services: Entry, traces: Any = None, **options: Any) -> list[str]:
    return module.omissions(catalogue(*services), discovery(**FOUND), XRAY if traces is None else traces, **options)


# -- the table --------------------------------------------------------------------------------------------------------

TABLE = {
    "objective_budget/warning": (ABOVE, 75, 300, "1 of 1", "ignore"),
    "objective_budget/critical": (ABOVE, 100, 300, "1 of 1", "ignore"),
    "trace_latency/warning": (ABOVE, 2000, 60, "5 of 5", "notBreaching"),
    "trace_latency/critical": (ABOVE, 5000, 60, "5 of 5", "notBreaching"),
    "trace_faults/warning": (ABOVE, 1, 60, "5 of 5", "notBreaching"),
    "trace_faults/critical": (ABOVE, 5, 60, "3 of 5", "notBreaching"),
    "trace_errors/warning": (ABOVE, 20, 60, "5 of 5", "notBreaching"),
    "trace_silence/warning": (BELOW, 1, 60, "15 of 15", "breaching"),
    "slo_fast/objective/critical-1-h": (ABOVE, 14.4, 60, "1 of 1", "notBreaching"),
    "slo_fast/objective/critical-5-min": (ABOVE, 14.4, 60, "1 of 1", "notBreaching"),
    "slo_slow/objective/warning-6-h": (ABOVE, 6, 60, "1 of 1", "notBreaching"),
    "slo_slow/objective/warning-30-min": (ABOVE, 6, 60, "1 of 1", "notBreaching"),
}


def test_every_kind_watches_what_the_table_says() -> None:
    found = {name: entry for name, entry in made(SEEN).items() if entry["kind"] != "composite"}
    assert {name.removeprefix("shop/"): shown(entry) for name, entry in found.items()} == TABLE
    assert {entry["tags"]["kind"] for entry in found.values()} == {*TRACE_SIGNALS, "slo_fast", "slo_slow"}


def test_metrics_are_those_that_aws_publishes() -> None:
    found = made(SEEN)
    budget = found["shop/objective_budget/critical"]["metrics"]
    assert budget[0]["metric_stat"] == {
        "namespace": "AWS/ApplicationSignals", "metric": "AttainmentRate",
        "dimensions": {"SloName": "production-shop"}, "period": 300, "stat": "Average",
    }  # fmt: skip
    assert budget[1]["expression"] == "100*(100-a)/1"
    burn = found["shop/slo_fast/objective/critical-1-h"]
    assert (burn["namespace"], burn["metric"], burn["statistic"]) == ("AWS/ApplicationSignals", "BurnRate", "Maximum")
    assert burn["dimensions"] == {"SloName": "production-shop", "BurnRateWindowMinutes": "60"}
    assert found["shop/slo_fast/objective/critical-5-min"]["dimensions"]["BurnRateWindowMinutes"] == "5"
    assert found["shop/slo_slow/objective/warning-6-h"]["dimensions"]["BurnRateWindowMinutes"] == "360"
    latency = found["shop/trace_latency/critical"]
    assert (latency["namespace"], latency["metric"]) == ("ApplicationSignals", "Latency")
    assert latency["dimensions"] == {"Environment": "production", "Service": "shop-web"}
    assert latency["extended_statistic"] == "p99"
    assert [(item["id"], item.get("expression") or item["metric_stat"]["stat"])
            for item in found["shop/trace_faults/warning"]["metrics"]] == [
        ("n", "SampleCount"), ("x", "Sum"), ("e", "IF(n>=50,100*FILL(x,0)/n,0)"),
    ]  # fmt: skip
    silent = found["shop/trace_silence/warning"]
    assert (silent["namespace"], silent["dimensions"]) == ("AWS/X-Ray", {"GroupName": "production-shop"})


def test_a_budget_of_a_tenth_of_a_percent_is_one() -> None:
    (query, used) = made(BALANCED)["api/objective_budget/warning"]["metrics"]
    assert used["expression"] == "100*(100-a)/0.1"
    assert query["metric_stat"]["dimensions"] == {"SloName": "production-api"}


# -- what is left to others -------------------------------------------------------------------------------------------


def test_where_the_load_balancer_counts_the_burn_is_told_by_the_alarms_on_metrics_alone() -> None:
    assert {entry["tags"]["kind"] for entry in made(BALANCED).values()} == {"objective_budget"}
    both = {**BALANCED, "apm": {"slo": "application_signals"}}
    assert not [name for name in made(both) if "/slo_" in name]
    burning = {
        entry["tags"]["kind"] for entry in alarms(catalogue(both), discovery(**FOUND)) if "slo_" in entry["name"]
    }
    assert burning == {"slo_fast", "slo_slow"}
    # Whoever makes no alarms on metrics has them here, though the load balancer counts.
    alone = trace_alarms(catalogue(BALANCED), discovery(**FOUND), TOPICS, XRAY, beside=False)
    assert "production/api/slo_fast/objective/critical" in [entry["name"] for entry in alone]


def test_only_what_application_signals_counts_is_watched_there() -> None:
    assert not [name for name in made(BALANCED) if "/trace_" in name]
    every = made({"name": "api"}, traces={**XRAY, "objective_source": "application_signals"})
    assert {entry["tags"]["kind"] for entry in every.values()} == {"trace_latency", "trace_faults", "trace_errors"}


@pytest.mark.parametrize(
    "service",
    [
        {**SEEN, "apm": {**SEEN["apm"], "enabled": False}},
        {"name": "shop", "objective": 99},
        {"name": "shop", "objective": 100, "apm": {"slo": "application_signals"}, "alarms": dict.fromkeys(
            ("trace_latency", "trace_faults", "trace_errors"), False)},
    ],
    ids=["not traced", "nobody counts", "no budget"],
)  # fmt: skip
def test_without_traces_there_is_no_alarm(service: Entry) -> None:
    assert made(service) == {}


def test_without_xray_there_is_none() -> None:
    assert made(BALANCED, SEEN, traces={}) == {}
    assert said(BALANCED, SEEN, traces={"region": ""}) == []


def test_what_cannot_be_is_said() -> None:
    few = {**XRAY, "burn_rate_windows": [5, 60]}
    assert said(SEEN, traces=few) == [
        "service 'shop': has no alarm slo_slow, which looks back over 6 h and 30 min: apm_burn_rate_windows has not "
        "both."
    ]
    assert "shop/slo_fast/objective/critical" in made(SEEN, traces=few)
    assert said({**SEEN, "objective": 90}) == [
        "service 'shop': has no alarm slo_fast, since an objective of 90 % cannot be missed 14.4 times over."
    ]
    assert said({"name": "shop", "alarms": {"trace_silence": True}}) == [
        "service 'shop': has no alarm trace_silence, since X-Ray keeps no group of its traces: say apm.group: true."
    ]
    assert said(BALANCED) == []


@pytest.mark.parametrize(
    ("traces", "reason"),
    [
        ({"regio": "x"}, "traces: 'regio' is no setting (did you mean 'region'?); there are region,"),
        (
            {"objective_source": "x"},
            "traces: objective_source must be auto, load_balancer, application_signals or none",
        ),
        ({"burn_rate_windows": 5}, "traces: burn_rate_windows must be a list of minutes"),
        ({"burn_rate_windows": [0]}, "traces: burn_rate_windows must be a list of minutes"),
    ],
)
def test_a_setting_that_cannot_be_right_is_refused(traces: Entry, reason: str) -> None:
    with pytest.raises(InputError) as caught:
        made(SEEN, traces=traces)
    assert str(caught.value).startswith(reason)


# -- the catalogue ----------------------------------------------------------------------------------------------------


def test_the_thresholds_are_those_of_the_catalogue() -> None:
    own = {**SEEN, "alarms": {
        "objective_budget": {"warning": 50, "critical": False}, "trace_latency": {"critical": {"threshold": 3}},
        "trace_faults": {"floor": 500}, "trace_errors": False, "slo_fast": {"critical": 10}, "slo_slow": False,
    }}  # fmt: skip
    found = made(own)
    assert found["shop/objective_budget/warning"]["threshold"] == 50
    assert found["shop/objective_budget/warning"]["alarm_actions"] == [TOPICS["warning"]]
    assert "shop/objective_budget/critical" not in found
    assert found["shop/trace_latency/critical"]["threshold"] == 3000
    assert ">=500" in found["shop/trace_faults/critical"]["metrics"][-1]["expression"]
    assert found["shop/slo_fast/objective/critical-5-min"]["threshold"] == 10
    assert not [name for name in found if "/trace_errors" in name or "/slo_slow" in name or "/trace_silence" in name]


def test_silence_is_watched_only_where_it_is_declared() -> None:
    quiet = {**SEEN, "alarms": {}}
    assert "shop/trace_silence/warning" not in made(quiet)
    longer = made({**SEEN, "alarms": {"trace_silence": {"evaluation_periods": 60}}})["shop/trace_silence/warning"]
    assert (longer["evaluation_periods"], longer["datapoints_to_alarm"]) == (60, 60)
    declared = catalogue({"name": "shop"}, monitoring_defaults={"alarms": {"trace_silence": True}})
    assert declared["services"][0]["alarms"]["trace_silence"]
    assert [kind for kind, signal in DECLARED.items() if signal.optional] == ["trace_silence"]


# -- telling ----------------------------------------------------------------------------------------------------------


def test_both_severities_are_one_incident_and_bear_what_all_alarms_do() -> None:
    found = made(SEEN)
    critical, notice = found["shop/trace_faults/critical"], found["shop/trace_faults/notify-warning"]
    assert critical["alarm_actions"] == [TOPICS["critical"]]
    assert notice["rule"] == (
        'ALARM("production/shop/trace_faults/warning") AND NOT ALARM("production/shop/trace_faults/critical")'
    )
    assert found["shop/trace_faults/notify-recovery"]["ok_actions"] == [TOPICS["warning"]]
    assert critical["tags"] == {
        "environment": "production", "service": "shop", "severity": "critical", "kind": "trace_faults", "owner": "web",
        "runbook": critical["tags"]["runbook"], "channels": "google-chat",
    }  # fmt: skip
    assert critical["tags"]["runbook"].endswith("/trace_faults.md")
    assert critical["description"].startswith("Faults of shop-web is above 5 %, 3 of 5 periods of 60 seconds.")
    burn = found["shop/slo_fast/objective/critical"]
    assert burn["alarm_actions"] == [TOPICS["critical"]]
    assert burn["description"].startswith(
        "Error budget, fast burn of objective production-shop: over 1 h and 5 min, errors used up its budget more than "
        "14.4 times as fast as 99 % allow."
    )


def test_the_rest_of_an_outage_in_the_long_window_is_not_told_again() -> None:
    assert made(SEEN)["shop/slo_slow/objective/notify-warning"]["suppressor"] == {
        "alarm": "production/shop/slo_fast/objective/critical", "wait": 60, "extension": 1800,
    }  # fmt: skip


def test_what_a_service_above_does_is_not_told_of() -> None:
    found = made({**SEEN, "depends_on": ["api"]}, BALANCED)
    assert found["shop/service/trace-upstreams/critical"]["rule"] == 'ALARM("production/api/service/critical")'
    assert found["shop/trace_faults/notify-critical"]["suppressor"]["alarm"] == (
        "production/shop/service/trace-upstreams/critical"
    )
    # Which alarm says that a service fails is known where the alarms on metrics are there.
    alone = made({**SEEN, "depends_on": ["api"]}, BALANCED, beside=False)
    assert not [name for name in alone if "/service/" in name]


def test_no_alarm_has_a_name_that_the_others_have() -> None:
    services = [BALANCED, {**SEEN, "depends_on": ["api"]}, {"name": "third", "depends_on": ["api", "shop"]}]
    declared, known = catalogue(*services), discovery(**FOUND)
    every = [
        *alarms(declared, known, TOPICS), *log_alarms.log_alarms(declared, known, TOPICS),
        *trace_alarms(declared, known, TOPICS, XRAY),
    ]  # fmt: skip
    assert max(Counter(entry["name"] for entry in every).values()) == 1


def test_a_service_that_goes_takes_its_alarms_with_it_and_one_that_rests_keeps_them() -> None:
    gone = made({**SEEN, "state": "absent"})
    assert set(gone) >= {"shop/objective_budget/critical", "shop/trace_latency/critical"}
    assert all(entry == {"name": entry["name"], "state": "absent"} for entry in gone.values())
    paused = made({**SEEN, "state": "paused"})
    assert set(paused) == set(gone)
    assert not any(entry["actions_enabled"] for entry in paused.values())


def test_they_are_muted_in_the_windows_of_the_service() -> None:
    window = {"title": "Weekly", "services": ["shop"], "strategy": "recurring-weekday", "weekdays": ["monday"],
              "time_window": {"start": "02:00", "end": "03:00"}, "timezone": "UTC"}  # fmt: skip
    declared = catalogue(BALANCED, SEEN, monitoring_maintenances=[window])
    entries = trace_alarms(declared, discovery(**FOUND), TOPICS, XRAY)
    (rule,) = mutes.mute_rules(declared, entries, part="traces")
    assert rule["name"] == "production/Weekly/traces"
    assert rule["alarms"] == [
        entry["name"] for entry in entries
        if entry["tags"]["service"] == "shop" and (entry["alarm_actions"] or entry["ok_actions"])
    ]  # fmt: skip


def test_where_x_ray_is_in_another_region_alarms_name_nothing_of_the_other() -> None:
    abroad = {**XRAY, "home": "us-east-1"}
    services = [{**SEEN, "depends_on": ["api"]}, BALANCED]
    declared, known = catalogue(*services), discovery(**FOUND)
    entries = trace_alarms(declared, known, None, abroad, own_topics=TOPICS)
    assert entries
    assert not [entry["name"] for entry in entries if entry["alarm_actions"] or entry["ok_actions"]]
    assert not [entry["name"] for entry in entries if "/service/" in entry["name"]]
    assert said(*services, traces=abroad) == [
        "Nobody is told of alarms on traces: X-Ray is in eu-central-1 and the topics of alerts are in us-east-1, and "
        "an alarm tells those of its own Region; name some there (apm_topics)."
    ]
    # Topics that are named are there; and at home are those of the alert channel.
    assert said(*services, traces=abroad, topics=TOPICS) == []
    named = trace_alarms(declared, known, TOPICS, abroad)
    at_home = trace_alarms(declared, known, None, {**XRAY, "home": "eu-central-1"}, own_topics=TOPICS)
    for found in (named, at_home):
        assert [entry for entry in found if entry["alarm_actions"] == [TOPICS["critical"]]]
    assert at_home == trace_alarms(declared, known, TOPICS, XRAY)


def test_a_load_balancer_of_another_region_is_none_of_its_objective() -> None:
    elsewhere = Traces(catalogue(BALANCED), {"region": "us-east-1"}, discovery(**FOUND))
    assert elsewhere.objectives == {}
    assert Traces(catalogue(BALANCED), XRAY, discovery(**FOUND)).objectives["api"].counter == "load_balancer"
    assert set(SETTINGS) == {"region", "home", "objective_source", "burn_rate_windows"}


def test_hundreds_of_services_take_no_time_and_stay_within_the_limits() -> None:
    services = [
        {"name": f"s{number}", "objective": 99.9, "apm": {"slo": "application_signals"},
         "load_balancer": "prod", "depends_on": ["s0"] if number else []}
        for number in range(300)
    ]  # fmt: skip
    declared = catalogue(*services)
    known = discovery(**{f"s{number}": {"load_balancer": BALANCER} for number in range(300)})
    begin = time.process_time()
    entries = trace_alarms(declared, known, TOPICS, XRAY)
    assert time.process_time() - begin < 3
    on_metrics = alarms(declared, known, TOPICS)
    assert len({entry["name"] for entry in entries}) == len(entries)
    named = Counter(
        name for entry in [*on_metrics, *log_alarms.log_alarms(declared, known, TOPICS), *entries]
        for name in (entry.get("rule", "") + str(entry.get("suppressor", {}).get("alarm", ""))).split('"')
        if name == "production/s0/service/critical"
    )  # fmt: skip
    assert 0 < named["production/s0/service/critical"] <= 150
    assert module.PARENTS + log_alarms.PARENTS + MOST_PARENTS + 3 <= 150
