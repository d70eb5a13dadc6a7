# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The dashboards of a catalogue: what is drawn, where the lines lie, and what CloudWatch has room for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws import dashboards_model
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog import dashboards as made
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.alarms import alarms
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.catalogue import resolve
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.trace_alarms import trace_alarms
from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import InputError

ROOT = Path(__file__).parents[5]
OPTIONS = yaml.safe_load((ROOT / "roles/catalogue/meta/argument_specs.yml").read_text())["argument_specs"]["main"][
    "options"
]

Entry = dict[str, Any]


def instance(number: int = 1, **details: Any) -> Entry:
    return {
        "id": f"i-{number:017x}", "name": f"api-{number}", "type": "m7g.large", "vcpus": 2, "state": "running",
        "autoscaling_group": None, "detailed_monitoring": True, "nitro": True,
        "volumes": [{"id": f"vol-{number:017x}", "device": "/dev/xvda", "type": "gp3"}], **details,
    }  # fmt: skip


BALANCER = {
    "id": "app/prod/50dc6c495c0c9188", "name": "prod", "arn": "arn:b",
    "target_groups": [
        {"id": "targetgroup/api/1", "name": "api", "arn": "arn:1"},
        {"id": "targetgroup/admin/2", "name": "admin", "arn": "arn:2"},
    ],
}  # fmt: skip
DATABASE = {
    "id": "prod-db", "kind": "instance", "engine": "postgres", "class": "db.m7g.large", "vcpus": 2,
    "memory_bytes": 8 * 2**30, "allocated_bytes": 100 * 2**30, "max_connections": 820, "replica_of": None,
    "members": [], "monitoring_interval": 0,
}  # fmt: skip


def discovery(**services: Entry) -> Entry:
    return {
        "account": "123456789012", "partition": "aws-cn", "region": "cn-north-1",
        "services": {name: {"instances": [], **found} for name, found in services.items()},
    }  # fmt: skip


def catalogue(*services: Entry, **variables: Any) -> Entry:
    return resolve(
        {"monitoring_environment": "production", "monitoring_services": list(services), **variables}, OPTIONS
    )


def boards(
    *services: Entry,
    found: dict[str, Entry] | None = None,
    alarms: list[Entry] | None = None,
    traces: Entry | None = None,
    **variables: Any,
) -> dict[str, Entry]:
    """The dashboards by name. What the module would refuse fails here."""
    entries = made.dashboards(catalogue(*services, **variables), discovery(**(found or {})), alarms, traces)
    dashboards_model.desired(entries)
    names = [entry["name"] for entry in entries]
    assert len(names) == len(set(names))
    for entry in entries:
        if entry.get("state") != "absent":
            sound(entry)
    return {entry["name"]: entry for entry in entries}


def widgets(entry: Entry, kind: str = "metric") -> dict[str, Entry]:
    """The properties of the widgets of a kind, by title."""
    found = [widget["properties"] for widget in entry["body"]["widgets"] if widget["type"] == kind]
    return {item["title"]: item for item in found}


def texts(entry: Entry) -> str:
    return "\n".join(w["properties"]["markdown"] for w in entry["body"]["widgets"] if w["type"] == "text")


def lines(widget: Entry) -> list[tuple[str, float, str]]:
    return [(line["label"], line["value"], line["color"]) for line in widget["annotations"]["horizontal"]]


def options_of(metrics: list[list[Any]]) -> Iterator[Entry]:
    for metric in metrics:
        yield metric[-1]


def sound(entry: Entry) -> None:
    """What CloudWatch demands of a body that the module does not check."""
    taken: set[tuple[int, int]] = set()
    fetched = 0
    for widget in entry["body"]["widgets"]:
        cells = {
            (x, y)
            for x in range(widget["x"], widget["x"] + widget["width"])
            for y in range(widget["y"], widget["y"] + widget["height"])
        }
        assert not cells & taken, f"{entry['name']}: widgets lie over each other"
        taken |= cells
        properties = widget["properties"]
        if widget["type"] == "alarm":
            assert 1 <= len(properties["alarms"]) <= 100
        if widget["type"] != "metric":
            continue
        assert properties["region"] == "cn-north-1"
        assert properties["period"] % 60 == 0
        metrics = properties["metrics"]
        assert 1 <= len(metrics) <= 500
        fetched += sum("expression" not in options for options in options_of(metrics))
        ids = [options["id"] for options in options_of(metrics) if "id" in options]
        assert len(ids) == len(set(ids)), properties["title"]
        assert all(re.fullmatch(r"[a-z][A-Za-z0-9_]*", ident) for ident in ids)
        for options in options_of(metrics):
            expression = options.get("expression", "")
            if expression.startswith(("SELECT", "SEARCH", "MAX(SEARCH")):
                for search in re.findall(r"SEARCH\('([^']*)'", expression):
                    assert len(search) <= 1024
                continue
            named = set(re.findall(r"(?<![\w.])[a-z]\w*", expression))
            assert named <= set(ids), f"{properties['title']}: {expression}"
            assert "FLOOR" not in expression
        assert any(options.get("visible", True) for options in options_of(metrics))
    assert fetched <= 2500
    assert json.loads(json.dumps(entry)) == entry


FULL = {
    "name": "api", "description": "Public API", "owner": "payments", "runbook": "https://wiki.example.com/api_(v2)",
    "objective": 99.9, "mounts": ["/", "/data"],
    "metrics": [
        {"title": "Orders", "namespace": "Shop", "name": "Orders", "dimensions": {"Country": "DE"}, "statistic": "Sum",
         "direction": "below", "warning": 20, "critical": 5, "unit": "orders"},
    ],
}  # fmt: skip
EVERYTHING = {"api": {"instances": [instance()], "load_balancer": BALANCER, "database": DATABASE}}


def test_a_service_has_everything_that_is_known_of_it() -> None:
    board = boards(FULL, found=EVERYTHING)["production-api"]
    assert list(widgets(board)) == [
        "Requests", "Server errors", "Response time", "Unhealthy hosts", "Error budget", "Orders",
        "CPU", "Memory", "Disk", "Disk latency", "Network", "Host down",
        "Database CPU", "Database connections", "Database latency", "Database load", "Database storage",
    ]  # fmt: skip
    head = board["body"]["widgets"][0]["properties"]["markdown"]
    assert head.startswith("# api\n\nPublic API\n\nOwner: payments · [Runbook](https://wiki.example.com/api_%28v2%29)")
    assert "Objective: 99.9 %" in head
    assert "[production](#dashboards:name=production)" in head


def test_thresholds_are_drawn_in_the_unit_of_the_metric() -> None:
    drawn = widgets(boards(FULL, found=EVERYTHING)["production-api"])
    orange, red = "#ff7f0e", "#d62728"
    assert lines(drawn["CPU"]) == [("warning 80 %", 80, orange), ("critical 95 %", 95, red)]
    assert lines(drawn["Database connections"]) == [("warning 80 %", 656, orange), ("critical 95 %", 779, red)]
    assert drawn["Database connections"]["yAxis"]["left"]["label"] == "connections"
    assert lines(drawn["Database latency"]) == [("warning 50 ms", 0.05, orange), ("critical 200 ms", 0.2, red)]
    assert drawn["Database latency"]["yAxis"]["left"]["label"] == "s"
    assert lines(drawn["Host down"]) == [("critical 1", 1, red)]
    assert lines(drawn["Error budget"]) == [("critical 14.4 times", 1.44, red), ("warning 6 times", 0.6, orange)]
    assert lines(drawn["Network"]) == [("critical from 1e+06 bytes a second on", 300_000_000, red)]
    assert lines(drawn["Orders"]) == [("warning 20 orders", 20, orange), ("critical 5 orders", 5, red)]
    assert "annotations" not in drawn["Requests"]


def test_what_is_drawn_is_what_the_alarms_watch() -> None:
    declared = catalogue(FULL)
    drawn = widgets(boards(FULL, found=EVERYTHING)["production-api"])
    watched = {entry["name"]: entry for entry in alarms(declared, discovery(**EVERYTHING))}
    cpu = watched["production/api/cpu/i-00000000000000001/warning"]
    (metric,) = drawn["CPU"]["metrics"]
    dimensions = dict(zip(metric[2:-1:2], metric[3:-1:2], strict=True))
    assert (metric[0], metric[1], dimensions) == (cpu["namespace"], cpu["metric"], cpu["dimensions"])
    assert (metric[-1]["stat"], drawn["CPU"]["period"]) == (cpu["statistic"], cpu["period"])
    assert metric[-1]["label"] == "api-1 (i-00000000000000001)"
    errors = watched["production/api/errors_5xx/warning"]
    expression = next(item["expression"] for item in errors["metrics"] if item["return_data"])
    shown = next(options for options in options_of(drawn["Server errors"]["metrics"]) if "expression" in options)
    assert re.sub(r"_\d+", "", shown["expression"]) == expression
    assert shown["label"] == "load balancer prod"


def test_an_alarm_that_is_off_is_drawn_without_its_lines() -> None:
    drawn = widgets(boards({**FULL, "alarms": {"cpu": False}}, found=EVERYTHING)["production-api"])
    assert "annotations" not in drawn["CPU"]


def test_alarms_stand_above_the_graphs_with_the_service_first() -> None:
    board = boards(FULL, found=EVERYTHING)["production-api"]
    arns = widgets(board, "alarm")["Alarms"]["alarms"]
    assert arns[0] == "arn:aws-cn:cloudwatch:cn-north-1:123456789012:alarm:production/api/service/critical"
    assert all(arn.endswith(("/warning", "/critical")) for arn in arns)
    names = {entry["name"] for entry in alarms(catalogue(FULL), discovery(**EVERYTHING))}
    assert {arn.partition(":alarm:")[2] for arn in arns} <= names
    assert len(set(arns)) == len(arns)


def test_the_environment_has_a_row_for_each_service() -> None:
    found = {**EVERYTHING, "shop": {"instances": [instance(2)]}}
    board = boards(FULL, {"name": "shop", "depends_on": ["api"]}, found=found)["production"]
    assert list(widgets(board)) == ["api: requests", "api: errors", "api: response time", "api: load", "shop: load"]
    assert all(widget["legend"] == {"position": "hidden"} for widget in widgets(board).values())
    assert all(widget["period"] == 300 for widget in widgets(board).values())
    assert "**[api](#dashboards:name=production-api)**" in texts(board)
    fails = widgets(board, "alarm")["Services that fail"]["alarms"]
    assert [arn.partition(":alarm:")[2] for arn in fails] == [
        "production/api/service/critical",
        "production/shop/service/critical",
    ]
    load = widgets(board)["api: load"]
    assert [metric[1] for metric in load["metrics"]] == ["CPUUtilization", "CPUUtilization"]
    assert [label for label, _, _ in lines(load)] == ["warning 80 %", "critical 95 %"]


def test_services_lead_to_those_they_depend_on_and_back() -> None:
    board = boards(FULL, {"name": "shop", "depends_on": ["api"]}, found=EVERYTHING)
    assert "Depends on [api](#dashboards:name=production-api)" in texts(board["production-shop"])
    assert "Needed by [shop](#dashboards:name=production-shop)" in texts(board["production-api"])


def test_many_hosts_are_searched_for() -> None:
    hosts = [instance(number) for number in range(1, 101)]
    board = boards(FULL, found={"api": {"instances": hosts}})
    cpu = widgets(board["production-api"])["CPU"]
    expressions = [options["expression"] for options in options_of(cpu["metrics"])]
    assert all(
        e.startswith('SEARCH(\'{AWS/EC2,InstanceId} MetricName="CPUUtilization" InstanceId=(') for e in expressions
    )
    assert expressions[0].endswith("'Average', 60)")
    found = [ident for expression in expressions for ident in re.findall(r"i-[0-9a-f]{17}", expression)]
    assert found == [host["id"] for host in hosts]
    disk = [options["expression"] for options in options_of(widgets(board["production-api"])["Disk"]["metrics"])]
    assert all("{CWAgent,InstanceId,path}" in expression for expression in disk)
    latency = widgets(board["production-api"])["Disk latency"]["metrics"][0][-1]["expression"]
    assert 'MetricName=("VolumeAvgReadLatency" OR "VolumeAvgWriteLatency") VolumeId=(' in latency
    load = widgets(board["production"])["api: load"]["metrics"]
    assert all(options["expression"].startswith("MAX(SEARCH(") for options in options_of(load))
    assert load[0][-1]["expression"].endswith("'Average', 300))")


def test_what_cannot_be_searched_for_says_how_much_is_missing() -> None:
    hosts = [instance(number, nitro=False) for number in range(1, 31)]
    drawn = widgets(boards(FULL, found={"api": {"instances": hosts}})["production-api"])
    assert "Disk latency (10 of 30)" in drawn
    assert "1000*FILL(rt_1,0)/ro_1" in json.dumps(drawn["Disk latency (10 of 30)"])


def test_a_fleet_is_a_query() -> None:
    hosts = [instance(number, autoscaling_group="api-asg") for number in range(1, 4)]
    drawn = widgets(boards(FULL, found={"api": {"instances": hosts}})["production-api"])
    (options,) = options_of(drawn["CPU"]["metrics"])
    assert options["expression"].startswith("SELECT MAX(CPUUtilization) FROM SCHEMA(")
    assert [label for label, _, _ in lines(drawn["CPU"])] == ["warning 80 %", "critical 95 %"]


def test_members_of_different_sizes_have_lines_of_their_own() -> None:
    cluster = {
        **DATABASE, "kind": "cluster", "id": "prod",
        "members": [{"id": "prod-1", "role": "writer", "max_connections": 1000},
                    {"id": "prod-2", "role": "reader", "max_connections": 100}],
    }  # fmt: skip
    drawn = widgets(boards(FULL, found={"api": {"database": cluster}})["production-api"])
    assert [(label, value) for label, value, _ in lines(drawn["Database connections"])] == [
        ("warning 80 %, database prod-1", 800), ("warning 80 %, database prod-2", 80),
        ("critical 95 %, database prod-1", 950), ("critical 95 %, database prod-2", 95),
    ]  # fmt: skip
    assert drawn["Database replication"]["yAxis"]["left"]["label"] == "ms"
    assert [value for _, value, _ in lines(drawn["Database replication"])] == [30_000, 60_000]
    assert "Database storage" not in drawn


def test_a_thousand_services_go_on_on_further_pages() -> None:
    services = [{"name": f"s{number}"} for number in range(1000)]
    found = {f"s{number}": {"instances": [instance(number)], "load_balancer": BALANCER, "database": DATABASE}
             for number in range(1000)}  # fmt: skip
    told = [{"name": f"production/s{number}/cpu/warning", "tags": {"kind": "cpu"}} for number in range(1000)]
    entries = boards(*services, found=found, alarms=told)
    pages = [name for name in entries if not name.startswith("production-s")]
    assert pages == ["production", *(f"production-{number}" for number in range(2, len(pages) + 1))]
    rows = [name for page in pages for name in widgets(entries[page]) if name.endswith(": requests")]
    assert rows == [f"s{number}: requests" for number in range(1000)]
    assert len(pages) == 13
    assert "[13](#dashboards:name=production-13)" in texts(entries["production"])
    assert "**2**" in texts(entries["production-2"])
    assert len(entries) == 1000 + len(pages)


def test_names_are_those_of_what_is_drawn() -> None:
    hosts = [instance(number) for number in range(1, 401)]
    business = [{"title": f"m{number}", "namespace": "Shop", "name": f"m{number}"} for number in range(120)]
    services: list[Entry] = [
        {"name": "few", "objective": 99.9, "mounts": ["/", "/var"]},
        {"name": "many"},
        {"name": "counted", "metrics": business},
        {"name": "gone", "state": "absent"},
        {"name": "logs-2", "depends_on": ["few"]},
        {"name": "told"},
    ]
    full = {"instances": hosts[:2], "load_balancer": BALANCER, "database": DATABASE}
    found = {"few": full, "many": {**full, "instances": hosts}, "counted": full, "told": full}
    told = [{"name": f"production/told/cpu/{n}/warning", "tags": {"kind": "cpu"}} for n in range(60_000)]
    resolved, discovered = catalogue(*services), discovery(**found)
    drawn = [one["name"] for one in made.dashboards(resolved, discovered, told) if one.get("state") != "absent"]
    assert made.dashboard_names(resolved, discovered, told) == drawn
    assert {"production-many-2", "production-told-2"} <= set(drawn)
    assert "production-few-2" not in drawn


def test_a_service_whose_pages_are_not_drawn_fetches_less_than_a_page_holds() -> None:
    """What is said to be one page without a look at it is one by far."""
    most = 0
    for count in range(1, 40):
        hosts = [instance(number) for number in range(1, count + 1)]
        found = {"s": {"instances": hosts, "load_balancer": BALANCER, "database": DATABASE}}
        maker = made._Maker(catalogue({"name": "s", "objective": 99.9}), discovery(**found), [])
        (service,) = maker.services
        if maker._is_one_page(service):
            most = count
            fetched = sum(
                graph.count
                for kinds in (made._USERS, made._HOSTS, made._DATABASE)
                for _title, graph in maker._signals(service, found["s"], kinds)
            )
            assert fetched < made.MOST_METRICS // 2
    assert 3 <= most < 39


def test_many_hosts_of_many_services_stay_below_what_a_dashboard_fetches() -> None:
    services = [{"name": f"s{number}"} for number in range(60)]
    hosts = [instance(number) for number in range(1, 101)]
    entries = boards(*services, found={f"s{number}": {"instances": hosts} for number in range(60)}, alarms=[])
    assert {"production", "production-2", "production-3"} <= set(entries)
    for name in ("production", "production-2", "production-3"):
        text = json.dumps(entries[name])
        assert len(re.findall(r"i-[0-9a-f]{17}", text)) - text.count(":alarm:") <= 2500


def test_a_service_with_hundreds_of_business_metrics_goes_on() -> None:
    metrics = [{"title": f"M{number}", "namespace": "Shop", "name": f"m{number}"} for number in range(700)]
    entries = boards({"name": "api", "metrics": metrics})
    assert len(widgets(entries["production-api"])) + len(widgets(entries["production-api-2"])) == 700
    assert "**2**" in texts(entries["production-api-2"])


def test_names_that_no_dashboard_can_have() -> None:
    entries = boards(
        {"name": "a b"}, {"name": "a-b"}, {"name": "日本"}, {"name": "2"}, monitoring_environment="prod/eu"
    )
    assert "prod-eu" in entries
    assert "prod-eu-a-b" in entries
    assert len([name for name in entries if name.startswith("prod-eu-a-b-")]) == 1
    assert "prod-eu-2" in entries
    assert len(entries) == 5
    assert "# 日本" in "".join(texts(entry) for entry in entries.values())


def test_markdown_in_names_is_text() -> None:
    board = boards({"name": "api", "owner": "*us* <b>[x](y)", "description": "a\n# b"})
    assert "\\*us\\* \\<b\\>\\[x\\](y)" in texts(board["production-api"])
    assert "a \\# b" in texts(board["production-api"])


def test_a_service_that_goes_takes_its_dashboard_with_it() -> None:
    entries = boards({"name": "api", "state": "absent"}, {"name": "shop"})
    assert entries["production-api"] == {"name": "production-api", "state": "absent"}
    assert "api" not in texts(entries["production"])


def test_before_anything_is_there_the_dashboards_say_so() -> None:
    entries = boards()
    assert "No services are declared." in texts(entries["production"])
    assert "Nothing is known of this service on AWS yet." in texts(boards({"name": "api"})["production-api"])


def test_without_the_region_nothing_can_be_drawn() -> None:
    with pytest.raises(
        InputError, match="dashboards: discovery has no region: give what the module aws_discovery returned"
    ):
        made.dashboards(catalogue({"name": "api"}), {"services": {}})


def test_without_the_account_there_are_graphs_but_no_alarms() -> None:
    found = {key: value for key, value in discovery(**EVERYTHING).items() if key != "account"}
    entries = made.dashboards(catalogue(FULL), found)
    assert all(not widgets(entry, "alarm") for entry in entries)
    assert widgets(entries[1])


def test_alarms_that_were_made_already_are_taken() -> None:
    told = alarms(catalogue(FULL), discovery(**EVERYTHING), {"critical": "arn:aws:sns:eu-central-1:123456789012:c"})
    assert boards(FULL, found=EVERYTHING, alarms=told) == boards(FULL, found=EVERYTHING)


def test_the_same_catalogue_makes_the_same_dashboards() -> None:
    assert boards(FULL, found=EVERYTHING) == boards(FULL, found=EVERYTHING)


# -- traces -----------------------------------------------------------------------------------------------------------

XRAY = {"region": "cn-north-1"}
SEEN = {
    "name": "shop", "objective": 99, "alarms": {"trace_latency": {"critical": 4}, "trace_errors": False},
    "apm": {"slo": "application_signals", "service_name": "shop (web)", "group": True},
}  # fmt: skip


def drawn_metrics(widget: Entry) -> list[tuple[Any, ...]]:
    """Namespace, name, dimensions and statistic of what is fetched."""
    return [
        (metric[0], metric[1], dict(zip(metric[2:-1:2], metric[3:-1:2], strict=True)), metric[-1]["stat"])
        for metric in widget["metrics"]
        if len(metric) > 1
    ]


def test_without_xray_there_is_nothing_of_traces() -> None:
    assert boards(FULL, SEEN, found=EVERYTHING) == boards(FULL, SEEN, found=EVERYTHING, traces={"region": ""})
    assert not [name for entry in boards(SEEN).values() for name in widgets(entry)]


def test_a_service_has_its_objective_what_is_seen_of_it_and_the_way_to_its_traces() -> None:
    board = boards(SEEN, traces=XRAY)["production-shop"]
    drawn = widgets(board)
    assert list(drawn) == [
        "Objective", "Error budget used", "Burn rate", "Latency", "Faults", "Client errors", "Traces",
    ]  # fmt: skip
    objective = {"SloName": "production-shop"}
    assert drawn_metrics(drawn["Objective"]) == [("AWS/ApplicationSignals", "AttainmentRate", objective, "Average")]
    assert lines(drawn["Objective"]) == [("objective 99 %", 99, "#d62728")]
    assert "min" not in drawn["Objective"]["yAxis"]["left"], "99.9 of 100 is not seen on an axis from 0"
    assert lines(drawn["Error budget used"]) == [("warning 75 %", 75, "#ff7f0e"), ("critical 100 %", 100, "#d62728")]
    assert [metric[2]["BurnRateWindowMinutes"] for metric in drawn_metrics(drawn["Burn rate"])] == [
        "5", "30", "60", "360",
    ]  # fmt: skip
    assert [value for _, value, _ in lines(drawn["Burn rate"])] == [14.4, 6]
    web = {"Environment": "production", "Service": "shop (web)"}
    assert drawn_metrics(drawn["Latency"]) == [
        ("ApplicationSignals", "Latency", web, stat) for stat in ("p50", "p90", "p99")
    ]
    assert lines(drawn["Latency"]) == [("warning 2 s", 2000, "#ff7f0e"), ("critical 4 s", 4000, "#d62728")]
    assert drawn["Latency"]["yAxis"]["left"]["label"] == "ms"
    assert "annotations" not in drawn["Client errors"], "an alarm that is off"
    assert drawn_metrics(drawn["Traces"])[0][2] == {"GroupName": "production-shop"}
    heading = next(line for line in texts(board).splitlines() if "#xray:traces" in line)
    assert heading == (
        "[Traces of this service](https://cn-north-1.console.amazonaws.cn/cloudwatch/home?region=cn-north-1"
        "#xray:traces/query?~(query~(expression~'service*28*22shop*20*28web*29*22*29))) · "
        "[Map](https://cn-north-1.console.amazonaws.cn/cloudwatch/home?region=cn-north-1#xray:service-map/map)"
    )


def test_what_is_drawn_of_traces_is_what_their_alarms_watch() -> None:
    known = discovery()
    watched = {entry["name"]: entry for entry in trace_alarms(catalogue(SEEN), known, {}, XRAY)}
    drawn = widgets(boards(SEEN, traces=XRAY)["production-shop"])
    for title, name in (("Error budget used", "objective_budget/critical"), ("Faults", "trace_faults/critical")):
        expression = next(
            item["expression"] for item in watched[f"production/shop/{name}"]["metrics"] if item["return_data"]
        )
        shown = next(options for options in options_of(drawn[title]["metrics"]) if "expression" in options)
        assert re.sub(r"\b([a-z])_\d+", r"\1", shown["expression"]) == expression
    latency = watched["production/shop/trace_latency/critical"]
    assert drawn_metrics(drawn["Latency"])[-1] == (
        latency["namespace"], latency["metric"], latency["dimensions"], latency["extended_statistic"],
    )  # fmt: skip


def test_where_the_load_balancer_counts_there_is_the_objective_alone() -> None:
    board = boards(FULL, found=EVERYTHING, traces={**XRAY, "burn_rate_windows": [60]})["production-api"]
    titles = list(widgets(board))
    assert titles[titles.index("Orders") + 1 : titles.index("CPU")] == ["Objective", "Error budget used", "Burn rate"]


def test_a_service_that_is_not_traced_or_says_nothing_of_traces_has_none() -> None:
    entries = boards(
        {"name": "off", "hosts": "hosts", "apm": {"enabled": False}}, {"name": "silent"},
        {"name": "host", "hosts": "h"}, traces=XRAY,
    )  # fmt: skip
    assert ["#xray" in texts(entries[f"production-{name}"]) for name in ("off", "silent", "host")] == [
        False, False, True,
    ]  # fmt: skip
    assert "Objectives" not in texts(entries["production"])


def test_the_environment_has_a_row_of_its_objectives() -> None:
    board = boards(FULL, SEEN, found=EVERYTHING, traces=XRAY)["production"]
    drawn = widgets(board)
    assert list(drawn)[:2] == ["Error budgets used", "Burn rates over 60 minutes"]
    labels = [options["label"] for options in options_of(drawn["Error budgets used"]["metrics"]) if "label" in options]
    assert labels == ["api", "shop"]
    assert [metric[2]["SloName"] for metric in drawn_metrics(drawn["Burn rates over 60 minutes"])] == [
        "production-api", "production-shop",
    ]  # fmt: skip
    alone = widgets(boards(SEEN, traces={**XRAY, "burn_rate_windows": [5]})["production"])
    assert list(alone) == ["Error budgets used"]


def test_hundreds_of_objectives_say_how_many_are_drawn_and_names_are_those_that_are_counted() -> None:
    services = [{**SEEN, "name": f"s{number}"} for number in range(150)]
    entries = boards(*services, traces=XRAY)
    assert "Error budgets used (100 of 150)" in widgets(entries["production"])
    counted = made.dashboard_names(catalogue(*services), discovery(), [], XRAY)
    assert counted == list(entries)
