# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What monitoring costs: quantities counted by hand, the arithmetic of tiers, and what is said of it."""

from __future__ import annotations

import copy
import time
from collections import Counter
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog import (
    alarms,
    cost_text,
    cost_usage,
    dashboards,
    log_alarms,
    logs,
    trace_alarms,
)
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.catalogue import CatalogueError
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.cost import cost, over_budget
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.cost_prices import (
    ITEMS,
    charges,
    price_list,
    prices,
)
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.cost_usage import ASSUMPTIONS, Usage, calls
from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import InputError

from .log_catalogue import AURORA, BALANCER, POSTGRES, ROOT, catalogue, discovery, many

LIST = yaml.safe_load((ROOT / "roles/cost/files/prices.yml").read_text())
TOPICS = dict.fromkeys(("critical", "warning", "info"), "arn:aws:sns:eu-central-1:123456789012:t")

Entry = dict[str, Any]


def lines(report: Entry) -> dict[str, Entry]:
    return {line["item"]: line for line in report["lines"]}


def counted(report: Entry) -> dict[str, float]:
    return {name: line["quantity"] for name, line in lines(report).items()}


def instance(number: int, **details: Any) -> Entry:
    return {"id": f"i-{number}", "name": f"host-{number}", "type": "m7g.large", "vcpus": 2, "state": "running",
            "autoscaling_group": None, "nitro": True, "volumes": [], **details}  # fmt: skip


# -- the worked example -----------------------------------------------------------------------------------------------


def alarm(number: int, kind: str = "metric", period: int = 60, **details: Any) -> Entry:
    return {"name": f"a{number}", "kind": kind, "period": period, "tags": {"service": "api"}, **details}


def test_the_worked_example_of_the_price_list_costs_31_60() -> None:
    """4 hosts × 12 metrics, detailed monitoring, 96 alarm metrics, 4 composites, 4 anomalies; free tier off."""
    band = [{"id": "m", "metric_stat": {"metric": "NetworkIn", "period": 300}}, {"id": "b", "expression": "BAND"}]
    entries = [
        *(alarm(number) for number in range(96)),
        *(alarm(number, "composite") for number in range(4)),
        *(alarm(number, "anomaly", metrics=band) for number in range(4)),
    ]
    usage = Usage()
    # Eleven metrics, and one more for a second mount, of which both metrics are sent; swap is not.
    chosen = ["memory", "disk", "inodes", "connections", "diskio", "network"]
    api = {"name": "api", "instance_tags": {"a": "b"}, "detailed_monitoring": True, "mounts": ["/", "/data"]}
    there = discovery(api={"instances": [instance(number) for number in range(4)]})
    cost_usage.metrics(usage, catalogue(yaml.safe_dump([api])), there, {}, chosen)
    cost_usage.alarms(usage, "phase2", entries, {}, {}, ASSUMPTIONS)
    assert usage.totals() == {
        "agent_metrics": 48, "detailed_monitoring": 28, "alarms": 96, "alarms_composite": 4, "alarms_anomaly": 12,
    }  # fmt: skip
    made = charges(usage.totals(), prices(LIST, "us-east-1"))
    assert {name: round(charge.monthly, 10) for name, charge in made.items()} == {
        "agent_metrics": 11.40, "detailed_monitoring": 8.40, "alarms": 8.60, "alarms_composite": 2.00,
        "alarms_anomaly": 1.20,
    }  # fmt: skip
    assert round(sum(charge.monthly for charge in made.values()), 10) == 31.60


# -- arithmetic -------------------------------------------------------------------------------------------------------


def test_tiers_are_filled_together_and_in_order() -> None:
    there = prices(LIST, "us-east-1", free_tier=False)
    made = charges({"agent_metrics": 9_000, "log_metrics": 2_000, "business_metrics": 300_000}, there)
    assert made["agent_metrics"].monthly == pytest.approx(9_000 * 0.30)
    # The business's come before those of logs: 1,000 more of the first tier, then 240,000, then the rest.
    assert made["business_metrics"].monthly == pytest.approx(1_000 * 0.30 + 240_000 * 0.10 + 59_000 * 0.05)
    assert made["log_metrics"].monthly == pytest.approx(2_000 * 0.05)
    vended = charges({"logs_vended": 60_000}, there)["logs_vended"]
    assert vended.monthly == pytest.approx(10_240 * 0.5 + 20_480 * 0.25 + 20_480 * 0.1 + 8_800 * 0.05)


@given(st.dictionaries(st.sampled_from(list(ITEMS)), st.floats(0, 1e7), max_size=8), st.sampled_from(list(ITEMS)))
def test_more_never_costs_less_and_the_free_tier_never_more(quantities: dict[str, float], more: str) -> None:
    there, paid = prices(LIST), prices(LIST, free_tier=False)

    def total(what: dict[str, float], at: Any = there) -> float:
        return sum(charge.monthly for charge in charges(what, at).values())

    assert total(quantities) <= total(quantities, paid) + 1e-6
    assert total({**quantities, more: quantities.get(more, 0) + 100}) >= total(quantities) - 1e-6
    for name, charge in charges(quantities, there).items():
        assert 0 <= charge.free <= charge.quantity == quantities[name]


@pytest.mark.parametrize(
    ("schedule", "times"),
    [
        ("rate(1 minute)", 43_800),
        ("rate(2 hours)", 365),
        ("cron(0 8 * * ? *)", 365 / 12),
        ("cron(0/15 8-17 ? * MON-FRI *)", 4 * 10 * 5 * 365 / 7 / 12),
        ("cron(0,30 * 1 * ? *)", 48),
        ("cron(0 9 ? 1,7 2#1 *)", 1 / 6),
        ("cron(0 9 L * ? *)", 1),
        ("at(2026-12-24T10:00:00)", 0),
        ("", 0),
    ],
)
def test_a_schedule_runs_so_often(schedule: str, times: float) -> None:
    assert calls(schedule) == pytest.approx(times)


def test_a_list_that_was_read_is_completed_and_says_what_is_not_of_it() -> None:
    made = price_list(LIST, {"eu-central-1": {"dashboard": 4.0, "logs_standard": 0.63}}, "2026-12-01")
    there = prices(made, "eu-central-1")
    assert (there.date, there.region) == ("2026-12-01", "eu-central-1")
    assert there.tiers["logs_standard"][0][1] == 0.63
    assert there.tiers["secret"][0][1] == 0.4
    assert {"secret", "alarm"} <= there.unconfirmed
    assert not there.unconfirmed & {"dashboard", "logs_standard"}
    with pytest.raises(InputError, match="AWS has no prices of the Region 'eu-cental-1'"):
        price_list(LIST, {"eu-cental-1": {}}, "2026-12-01")


# -- what is counted --------------------------------------------------------------------------------------------------


def test_alarms_are_those_that_the_modules_are_given() -> None:
    what, found = catalogue(), discovery()
    every = [*alarms.alarms(what, found, TOPICS), *log_alarms.log_alarms(what, found, TOPICS)]
    kinds = Counter(entry["kind"] for entry in every)
    count = counted(cost(what, found, LIST))
    assert count["alarms_composite"] == kinds["composite"] > 0
    assert count["alarms_log"] == kinds["log"] == 2
    assert count.get("alarms_anomaly", 0) == 3 * kinds["anomaly"]
    single = [
        max(1, sum("metric_stat" in step for step in entry.get("metrics") or ()))
        for entry in every
        if entry["kind"] in ("metric", "metric_math")
    ]
    assert count["alarms"] == sum(single)
    assert count["alarms_insights"] == ASSUMPTIONS["dimension_values"]  # the pattern by country
    assert count["dashboards"] == len(dashboards.dashboards(what, found)) + 1


def test_the_alarm_for_a_silent_uptime_kuma_is_counted_where_alarms_are_made() -> None:
    what, found = catalogue(), discovery()
    alone = counted(cost(what, found, LIST))["alarms"]
    report = cost(what, found, LIST, {"watchers": ["watch-1", "watch-2"]})
    assert counted(report)["alarms"] == alone + 2
    assert "uptime-kuma" in {service["name"] for service in report["services"]}
    off = {"parts": {"alarms": False}}
    assert counted(cost(what, found, LIST, {"watchers": ["watch-1"], **off})) == counted(cost(what, found, LIST, off))


def test_alarms_of_every_kind() -> None:
    usage = Usage()
    math = [{"metric_stat": {"period": 10}}, {"metric_stat": {"period": 60}}, {"expression": "m1/m2"}]
    fleet = [{"expression": "SELECT MAX(mem_used_percent) FROM CWAgent GROUP BY InstanceId"}]
    entries = [
        alarm(1, period=10),
        alarm(2, "metric_math", metrics=math),
        alarm(3, "metrics_insights", metrics=fleet),
        alarm(4, "metrics_insights", metrics=fleet, tags={}),
        alarm(5, state="absent"),
    ]
    cost_usage.alarms(usage, "phase2", entries, {"api": 7}, {}, ASSUMPTIONS)
    assert usage.lines == {
        ("alarms_high_resolution", "phase2", "api"): 3,
        ("alarms_insights", "phase2", "api"): 7,
        ("alarms_insights", "phase2", ""): ASSUMPTIONS["fleet_size"],
    }


def test_what_a_log_alarm_searches_is_its_window_as_often_as_it_runs() -> None:
    usage = Usage()
    query = {"schedule": "rate(5 minutes)", "start_offset": 660, "end_offset": 60, "log_groups": ["/a", "/b"]}
    traffic = {"/a": {"api": 3.0}, "/b": {"api": 1.0, "shop": 1.0}}
    cost_usage.alarms(usage, "phase3", [alarm(1, "log", log_query=query)], {}, traffic, ASSUMPTIONS)
    # Ten minutes every five minutes: everything twice.
    assert usage.lines["logs_scanned", "phase3", "api"] == pytest.approx(10)


def test_logs_by_class_retention_and_who_brings_them() -> None:
    services = yaml.safe_load("""
- name: api
  load_balancer: prod
  logs:
    sources:
      - {file: /a, gb_per_month: 40, retention_days: 365}
      - {file: /b, name: audit, class: infrequent_access, retention_days: 30}
      - {load_balancer: true, gb_per_month: 30}
- {name: shop, load_balancer: prod, logs: {sources: [{load_balancer: true, gb_per_month: 10}]}}
""")
    found = discovery(api={"load_balancer": BALANCER}, shop={"load_balancer": BALANCER})
    what = catalogue(yaml.safe_dump(services))
    settings = {"log_resources": {"bucket": {"name": "b"}}, "free_tier": False, "assumptions": {"searched_share": 0}}
    report = cost(what, found, LIST, settings)
    count = counted(report)
    assert (count["logs_standard"], count["logs_infrequent"]) == (40, ASSUMPTIONS["gb_per_month"]["file"])
    assert count["logs_vended"] == count["logs_vended_s3"] == 40  # one group of one load balancer, both services'
    days = {group["name"]: group["retention_days"] for group in logs.groups(what, found)}
    kept = 40 * 365 + 3 * 30 + 40 * days["/production/load-balancer/prod"]
    assert count["logs_stored"] == pytest.approx(kept * 0.15 / (365 / 12), abs=0.001)
    assert "logs_scanned" not in count
    assert lines(report)["logs_standard"]["monthly"] == 20.0
    assert report["assumed"][0].startswith("Of 1 of 3 log groups it is not declared how much")
    # What was measured is believed, and shared as it was declared.
    settings["measured"] = {"/production/load-balancer/prod": 80, "/production/api/audit": 0, "/else": 5}
    settings["tracing"] = "none"
    again = cost(what, found, LIST, settings)
    assert counted(again)["logs_vended"] == 80
    assert "logs_infrequent" not in counted(again)
    assert again["assumed"] == []


def test_what_is_shared_is_counted_once_and_paid_by_all() -> None:
    text = """
- {name: api, instance_tags: {a: b}, database: prod-db, detailed_monitoring: true, database_monitoring: {interval: 15}}
- {name: shop, instance_tags: {a: b}, database: prod-db, detailed_monitoring: true, database_monitoring: {interval: 60}}
- {name: gone, state: absent, instance_tags: {a: b}}
- {name: bare, hosts: web, agent: absent}
- {name: plain, hosts: web}
"""
    both = {"instances": [instance(1), instance(2, state="stopped")], "database": POSTGRES}
    found = discovery(api=both, shop=both, gone=both)
    settings = {"hosts": {"web": ["web-1", "web-2"]}, "agent_metrics": ["memory"], "free_tier": False,
                "parts": {"alarms": False, "dashboards": False, "log_dashboards": False}}  # fmt: skip
    report = cost(catalogue(text, monitoring_defaults={"alarms": {"disk": False}}), found, LIST, settings)
    count = counted(report)
    assert count["detailed_monitoring"] == 7
    assert count["agent_metrics"] == 3  # the memory of one instance and of two hosts of the inventory
    assert count["enhanced_monitoring"] == pytest.approx(16.07 / 15, abs=0.001)
    assert set(count) == {"detailed_monitoring", "agent_metrics", "enhanced_monitoring", "logs_stored"}
    each = {service["name"]: service["monthly"] for service in report["services"]}
    assert each["api"] == each["shop"] > 0
    assert set(each) == {"api", "shop", "plain"}


def test_functions_schedules_and_what_else_the_channel_needs() -> None:
    channel = {
        "alarms": [alarm(1, tags={})], "log_groups": [{"name": "/aws/lambda/relay"}], "key_policy": {"a": 1},
        "secret_store": "secretsmanager",
        "functions": [
            {"name": "relay", "memory_size": 256, "architecture": "arm64"},
            {"name": "escalation", "memory_size": 512, "architecture": "x86_64"},
            {"name": "gone", "state": "absent"},
        ],
        "schedules": [
            {"schedule": "rate(1 minute)", "target": {"arn": "arn:aws:lambda:eu-central-1:1:function:escalation"}},
            {"name": "drill", "state": "absent"},
        ],
    }  # fmt: skip
    report = cost(catalogue("[]"), {}, LIST, {"channel": channel, "free_tier": False})
    count = counted(report)
    assert count["lambda_requests"] == 43_800 + 1_000
    assert count["lambda_gb_seconds"] == 43_800 * 2 * 0.5
    assert count["lambda_gb_seconds_arm"] == 1_000 * 2 * 0.25
    assert (count["schedules"], count["secrets"], count["keys"], count["alarms"]) == (43_800, 1, 1, 1)
    assert [service["name"] for service in report["services"]] == ["(the environment)"]
    # A parameter of Systems Manager and AWS's own key cost nothing.
    free = cost(catalogue("[]"), {}, LIST, {"channel": {**channel, "secret_store": "ssm", "key_policy": None}})
    assert {"secrets", "keys"} & set(counted(free)) == set()


def test_the_error_report_searches_each_log_once() -> None:
    resources = {
        "functions": [{"name": "report", "memory_size": 512, "architecture": "arm64"}],
        "schedules": [
            {"schedule": "cron(0 8 * * ? *)", "target": {"arn": "arn:aws:lambda:eu-central-1:1:function:report"}}
        ],
    }
    what = catalogue("[{name: api, logs: {sources: [{file: /a, gb_per_month: 40}]}}]")
    settings: Entry = {"assumptions": {"searched_share": 0.25}}
    without = counted(cost(what, discovery(), LIST, settings))
    count = counted(cost(what, discovery(), LIST, {**settings, "log_resources": resources}))
    assert (without["logs_scanned"], count["logs_scanned"]) == (10, 50)
    assert count["lambda_gb_seconds_arm"] == pytest.approx(365 / 12 * 60 * 0.5, abs=0.001)


def test_traces_by_the_trace_and_by_the_gigabyte() -> None:
    what = catalogue(
        "[{name: api, apm: {requests_per_minute: 1000, sample: 0.1, spans_per_request: 10, span_bytes: 1000}},"
        " {name: silent, apm: {enabled: false, requests_per_minute: 1000}}, {name: quiet}]"
    )
    count = 1000 * 43_800 * 0.1
    xray = lines(cost(what, {}, LIST, {"tracing": "xray"}))["traces"]
    assert (xray["quantity"], xray["monthly"]) == (count, pytest.approx((count - 100_000) * 5 / 1e6, abs=0.005))
    spans = lines(cost(what, {}, LIST, {"tracing": "spans"}))["spans"]
    assert (spans["quantity"], spans["monthly"]) == (pytest.approx(43.8), pytest.approx(43.8 * 0.35, abs=0.005))
    assert "traces" not in counted(cost(what, {}, LIST))


def test_alarms_and_dashboards_of_traces_are_those_that_the_modules_are_given() -> None:
    text = """
- {name: api, objective: 99.9, load_balancer: prod}
- {name: shop, objective: 99, apm: {slo: application_signals, group: true}, depends_on: [api]}
"""
    what, found = catalogue(text), discovery(api={"load_balancer": BALANCER}, shop={})
    traces = {"region": "eu-central-1"}
    extra = {"kind": "metric", "name": "own", "period": 60, "tags": {"service": "api"}}
    settings: Entry = {"traces": traces, "free_tier": False, "entries": {"trace_alarms": [extra]}}
    made = [*trace_alarms.trace_alarms(what, found, TOPICS, traces), extra]
    kinds = Counter(entry["kind"] for entry in made)
    steps = sum(1 for entry in made for step in entry.get("metrics") or () if step.get("metric_stat"))
    report = cost(what, found, LIST, settings)
    without = cost(what, found, LIST, {**settings, "parts": {"trace_alarms": False}})
    assert counted(report)["alarms"] - counted(without)["alarms"] == kinds["metric"] + steps > 10
    assert counted(report)["alarms_composite"] - counted(without).get("alarms_composite", 0) == kinds["composite"] > 5
    (phase4,) = [phase for phase in report["phases"] if phase["phase"] == "phase4"]
    assert phase4["monthly"] == pytest.approx(0.1 * (kinds["metric"] + steps) + 0.5 * kinds["composite"])
    assert not [phase for phase in without["phases"] if phase["phase"] == "phase4"]
    each = {service["name"]: service["phases"].get("phase4", 0) for service in report["services"]}
    assert each["shop"] > each["api"] > 0
    # Whoever makes no alarms on metrics is told of burn rates by those on traces.
    alone = cost(what, found, LIST, {**settings, "parts": {"alarms": False}})
    assert counted(alone)["alarms"] == 4 + sum(
        1 if entry["kind"] == "metric" else len([s for s in entry.get("metrics") or () if s.get("metric_stat")])
        for entry in made if entry["kind"] != "composite"
    )  # fmt: skip
    assert counted(cost(what, found, LIST, {"free_tier": False}))["alarms"] == counted(without)["alarms"]


def test_business_metrics_and_metrics_of_logs() -> None:
    what, found = catalogue(), discovery(api={"database": POSTGRES}, shop={"database": AURORA})
    made = {(entry["metric_namespace"], entry["metric_name"]) for entry in logs.metric_filters(what, found)}
    grouped = {entry["metric_name"] for entry in logs.metric_filters(what, found) if entry.get("dimensions")}
    expected = len(made) - len(grouped) + len(grouped) * ASSUMPTIONS["dimension_values"]
    report = cost(what, found, LIST)
    assert counted(report)["log_metrics"] == expected
    assert not any(
        service["shared"] and "phase3" in service["phases"] and service["monthly"] > 5 for service in report["services"]
    )
    business = catalogue("""
- name: api
  metrics:
    - {title: Orders, namespace: Shop, name: orders, warning: 1}
    - {title: Requests, namespace: AWS/ApiGateway, name: Count, warning: 1}
""")
    assert counted(cost(business, {}, LIST))["business_metrics"] == 1


# -- the report -------------------------------------------------------------------------------------------------------


def test_phases_and_services_add_up_to_the_whole() -> None:
    report = cost(catalogue(), discovery(), LIST, {"tracing": "spans", "assumptions": {"requests_per_minute": 60}})
    for key in ("lines", "phases", "services"):
        assert sum(part["monthly"] for part in report[key]) == pytest.approx(report["monthly"], abs=0.05), key
    assert [phase["phase"] for phase in report["phases"]] == ["phase2", "phase3", "phase4"]
    costs = [service["monthly"] for service in report["services"]]
    assert costs == sorted(costs, reverse=True)


def test_a_region_without_prices_takes_others_and_says_so() -> None:
    report = cost(catalogue(), discovery(), LIST)
    assert (report["prices"]["wanted_region"], report["prices"]["region"]) == ("eu-central-1", "us-east-1")
    assert any("There are no prices of eu-central-1" in line for line in cost_text.terminal(report))
    own = {**LIST, "regions": {**LIST["regions"], "eu-central-1": {**LIST["regions"]["us-east-1"], "dashboard": 4}}}
    there = cost(catalogue(), discovery(), own, {"free_tier": False})
    assert there["prices"]["region"] == "eu-central-1"
    assert lines(there)["dashboards"]["monthly"] == 4 * lines(there)["dashboards"]["quantity"]
    assert not any("There are no prices" in line for line in cost_text.terminal(there))


def test_ones_own_price_is_taken_and_confirmed() -> None:
    before = cost(catalogue(), discovery(), LIST)
    assert before["prices"]["unconfirmed"] == ["Alarms on queries of logs"]
    after = cost(catalogue(), discovery(), LIST, {"prices": {"alarm_log": "0.4", "alarm_composite": [{"price": 0}]}})
    assert after["prices"]["unconfirmed"] == []
    assert lines(after)["alarms_composite"]["monthly"] == 0


def test_what_changes_against_now() -> None:
    what, found = catalogue(), discovery()
    there = alarms.alarms(what, found, TOPICS)
    now = [
        {"phase": "phase2", "alarms": [*there, alarm(1, "composite"), alarm(2, "composite")], "dashboards": []},
        {"phase": "phase3", "alarms": log_alarms.log_alarms(what, found, TOPICS),
         "log_groups": logs.groups(what, found),
         "log_deliveries": [
             {**one, "destinations": [{"arn": to["arn"]} for to in one["destinations"]]}  # as they are read
             for one in logs.deliveries(what, found)
         ],
         "log_metric_filters": logs.metric_filters(what, found)},
    ]  # fmt: skip
    change = cost(what, found, LIST, {"now": now})["change"]
    by = {line["item"]: line for line in change["lines"]}
    assert by["alarms_composite"]["change"] == -1.0
    assert by["dashboards"]["quantity_now"] == 0 < by["dashboards"]["change"]
    assert by["alarms"]["change"] == by["log_metrics"]["change"] == 0
    assert by["logs_vended"]["quantity_now"] == by["logs_vended"]["quantity"] > 0
    assert change["change"] == pytest.approx(change["monthly"] - change["monthly_now"])
    # An empty account: all of it is new.
    empty = cost(what, found, LIST, {"now": []})["change"]
    assert empty["monthly_now"] == 0 < empty["change"] == empty["monthly"]


def test_a_budget_is_a_sentence_or_nothing() -> None:
    report = cost(catalogue(), discovery(), LIST)
    assert over_budget(report, report["monthly"]) == ""
    sentence = over_budget(report, "10")
    assert sentence.startswith(f"The monitoring of 'production' would cost {report['monthly']:,.2f} USD a month, ")
    assert "more than monitoring_budget allows (10.00); most of it are composite alarms " in sentence
    with pytest.raises(InputError, match="monitoring_budget must be a number from 0 on, not 'much'"):
        over_budget(report, "much")  # type: ignore[arg-type]


def test_without_an_account_it_says_what_is_not_counted() -> None:
    report = cost(catalogue(), None, LIST)
    assert any("AWS has not been asked" in line for line in report["assumed"])
    assert "dashboards" not in counted(report)


@pytest.mark.parametrize(
    ("settings", "document", "sentence"),
    [
        ({"prices": {"dashbord": 1}}, {}, "cost_prices.dashbord is no price (did you mean 'dashboard'?)"),
        ({"prices": {"dashboard": -1}}, {}, "cost_prices.dashboard must be a number from 0 on, not -1."),
        ({"prices": {"dashboard": {}}}, {}, "cost_prices.dashboard must be a number or a list of tiers"),
        ({"prices": {"metric": [{"to": 5, "price": 1}]}}, {}, "cost_prices.metric[1] must have no 'to'"),
        ({"prices": {"metric": [{"to": 5, "price": 1}, {"to": 4, "price": 1}, {"price": 0}]}}, {},
         "cost_prices.metric[2].to must be more than that of the tier before, 5."),
        ({"assumptions": {"alert": 1}}, {}, "cost_assumptions.alert is no assumption (did you mean 'alerts'?)"),
        ({"assumptions": {"alerts": "many"}}, {}, "cost_assumptions.alerts must be a number from 0 on, not 'many'."),
        ({"assumptions": {"compression": 2}}, {}, "cost_assumptions.compression must be between 0 and 1, not 2."),
        ({"assumptions": {"gb_per_month": 5}}, {}, "cost_assumptions.gb_per_month must be a mapping of file, docker"),
        ({"assumptions": {"gb_per_month": {"flie": 5}}}, {}, "cost_assumptions.gb_per_month.flie is no kind of source"),
        ({"measured": {"/a": -1}}, {}, "cost: what was measured of '/a' must be a number from 0 on, not -1."),
        ({"tracing": "all"}, {}, "cost_tracing is 'all'; it takes none, xray or spans."),
        ({}, {"regions": {}}, "The list of prices has no regions"),
        ({}, {"regions": {"eu-west-1": {}}}, "has neither the Region 'eu-central-1' nor us-east-1; it has eu-west-1."),
        ({}, {"regions": {"us-east-1": {"metric": 1}}}, "The list of prices has no 'alarm' for us-east-1"),
        ({}, {"free": {"alarm": "x"}}, "The list of prices: free.alarm must be a number from 0 on, not 'x'."),
    ],
)  # fmt: skip
def test_what_cannot_be_is_a_sentence(settings: Entry, document: Entry, sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        cost(catalogue("[]"), discovery(), {**LIST, **document}, settings)
    assert sentence in str(caught.value)


def test_traffic_in_the_catalogue_is_checked() -> None:
    with pytest.raises(CatalogueError, match=r"gb_per_month must be a number from 0 on, not -1"):
        catalogue("[{name: api, logs: {sources: [{file: /a, gb_per_month: -1}]}}]")


# -- as text ----------------------------------------------------------------------------------------------------------


def test_the_line_names_the_sum_the_phases_and_the_prices() -> None:
    report = cost(catalogue(), discovery(), LIST)
    phases = {phase["phase"]: f"{phase['monthly']:,.2f}" for phase in report["phases"]}
    assert cost_text.line(report) == (
        f"Estimate for 'production': {report['monthly']:,.2f} USD a month (phase2 {phases['phase2']}, phase3 "
        f"{phases['phase3']}), at the list prices of us-east-1 of {LIST['date']}. playbooks/cost.yml shows what costs "
        f"how much."
    )


def test_tables_stand_in_columns_and_markdown_cannot_be_broken() -> None:
    what = catalogue("[{name: 'a|b *c*', logs: {sources: [{file: /a, gb_per_month: 90}]}}]")
    report = cost(what, discovery(), LIST, {"now": []})
    shown = cost_text.terminal(report)
    start = shown.index("By item")
    assert shown[start + 1].split() == ["Item", "Quantity", "Free", "A", "month"]
    assert len({len(line) for line in shown[start + 1 : start + 4]}) == 1
    assert "| a\\|b \\*c\\* | " in cost_text.markdown(report)
    assert f"## Against now: {report['change']['change']:+,.2f} a month" in cost_text.markdown(report)
    rows = [line for line in cost_text.markdown(report).splitlines() if line.startswith("|")]
    assert {row.replace("\\|", "").count("|") for row in rows} <= {3, 4, 5, 7}


def test_the_terminal_shows_the_dearest_services_and_markdown_all() -> None:
    whole = many(30)
    report = cost(whole["catalogue"], whole["discovery"], LIST)
    shown = cost_text.terminal(report)
    assert any(line.startswith("By service, the 20 dearest of 3") for line in shown)
    assert sum("service-" in line for line in shown) <= 20
    assert sum(line.startswith("| service-") for line in cost_text.markdown(report).splitlines()) == 30


# -- many -------------------------------------------------------------------------------------------------------------


def test_counting_and_pricing_a_thousand_services_takes_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it takes beside making the entries, which the modules are given as well."""
    whole = many(1000)
    what, found = whole["catalogue"], whole["discovery"]
    made = {
        (alarms, "alarms"): alarms.alarms(what, found, TOPICS),
        (log_alarms, "log_alarms"): log_alarms.log_alarms(what, found, TOPICS),
        (dashboards, "dashboards"): [{"name": "one"}],
        (logs, "groups"): logs.groups(what, found),
        (logs, "metric_filters"): logs.metric_filters(what, found),
    }
    for (module, name), entries in made.items():
        monkeypatch.setattr(module, name, lambda *_args, _entries=entries, **_more: _entries)
    before = time.process_time()
    report = cost(copy.copy(what), found, LIST)
    assert time.process_time() - before < 5  # a second on an idle machine
    assert len(report["services"]) == 1001
