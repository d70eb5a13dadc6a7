# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The saved queries and the dashboard of a catalogue's logs."""

from __future__ import annotations

import json
import re
import time
from typing import Any

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws import dashboards_model, log_queries_model
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog import logs
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.dashboards import dashboards
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.log_alarms import log_alarms
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.log_dashboard import QUERIED, log_dashboard
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.log_formats import FORMATS
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.log_queries import log_queries
from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import InputError

from .log_catalogue import BALANCER, POSTGRES, Entry, Newest, catalogue, discovery, many, taken


def queries(text: str = "", found: Entry | None = None, **options: Any) -> dict[str, Entry]:
    declared = catalogue(text) if text else catalogue()
    made = log_queries(declared, discovery() if found is None else found, **options)
    taken("cloudwatch_log_queries", "queries", made)
    assert len(log_queries_model.desired(made, "kumawatch-production", Newest())) == len(made)
    result = {entry["name"]: entry for entry in made}
    assert len(result) == len(made)
    return result


# -- queries ----------------------------------------------------------------------------------------------------------


def test_there_is_a_query_for_each_of_the_usual_troubles() -> None:
    titles = {re.sub(r" \(.*", "", name.partition("/")[2]) for name in queries()}
    assert titles >= {
        "Top errors", "Error patterns", "Errors over time", "Server errors by route", "Server errors by target",
        "Slowest requests", "Slowest routes", "Who calls most", "Routes called most", "Requests by status",
        "One request by trace id", "Last lines", "Last lines of a container", "Slowest queries",
        "Statements that are slow most often", "Log volume by group", "Repeated: timeouts", "Repeated: refused",
    }  # fmt: skip


def test_a_query_asks_the_log_groups_of_its_format_and_those_of_its_service() -> None:
    made = queries()
    groups = {entry["name"] for entry in logs.groups(catalogue(), discovery())}
    for name, entry in made.items():
        assert set(entry["log_groups"]) <= groups, name
        if not name.startswith("All services/"):
            own = f"/production/{name.partition('/')[0]}/"
            others = ("/production/load-balancer/", "/aws/rds/")
            assert all(group.startswith((own, *others)) for group in entry["log_groups"]), name
    assert made["api/Top errors (batch, audit)"]["log_groups"] == ["/production/api/batch", "/production/api/audit"]
    assert made["All services/Log volume by group"]["log_groups"] == sorted(
        groups, key=[entry["name"] for entry in logs.groups(catalogue(), discovery())].index
    )


def test_one_format_needs_no_names_of_sources() -> None:
    made = queries("[{name: a/b, logs: {sources: [{file: /a, format: json}]}}]", discovery(**{"a/b": {}}))
    assert set(made) == {
        f"a-b/{title}"
        for title in ("Top errors", "Error patterns", "Errors over time", "Last lines", "One request by trace id")
    } | {"All services/Log volume by group"}


def test_the_requests_of_a_shared_load_balancer_are_those_of_the_service() -> None:
    made = queries()
    own, whole = (made[f"{name}/Slowest requests"]["query"] for name in ("api", "shop"))
    arn = BALANCER["target_groups"][0]["arn"]  # type: ignore[index]
    assert own.startswith(f'filter @message like "{arn}"\n')
    assert "targetgroup" not in whole


#: What a command may name besides what a format has or commands before it have made.
KNOWN = {"@timestamp", "@message", "@log", "@logStream", "@sampleCount", "attrs.tag"}
WORDS = {
    "as", "by", "asc", "desc", "and", "or", "in", "like", "count", "sum", "max", "avg", "pct", "bin", "latest",
    "strlen", "coalesce", "ispresent", "fields", "filter", "parse", "stats", "sort", "limit", "pattern",
}  # fmt: skip
DISCOVERED = {
    "alb-json": {"elb_status_code", "target_status_code", "request_line", "client_port", "target_port", "trace_id",
                 "target_processing_time"},
    "json": {"level", "severity", "levelname", "message", "msg", "event", "log"},
}  # fmt: skip


def names(text: str) -> set[str]:
    """The names of fields in a command, without texts, expressions between slashes, numbers and what they call."""
    if text.startswith("parse "):
        return {text.split(" ")[1]}
    bare = re.sub(r'"(\\.|[^"\\])*"|(?<=like )/(\\.|[^/\\])+/|\d+m', " ", text)
    return {name for name in re.findall(r"[@A-Za-z_][\w.]*", bare) if name not in WORDS}


@pytest.mark.parametrize("form", ["alb", "alb-json", "nginx", "json", "text", "docker-json", "docker-text",
                                  "docker-nginx", "postgresql", "mysql"])  # fmt: skip
def test_no_query_asks_for_a_field_that_is_not_there(form: str) -> None:
    kind, _, inner = form.rpartition("-")
    database = {**POSTGRES, "engine": "mysql" if form == "mysql" else "postgres"}
    source = (
        f"docker: a, format: {inner}" if kind == "docker"
        else f"load_balancer: true, format: {form}" if form.startswith("alb")
        else "database: true" if form in ("postgresql", "mysql")
        else f"file: /a, format: {form}"
    )  # fmt: skip
    text = f"[{{name: api, load_balancer: prod, database: db, logs: {{sources: [{{{source}}}]}}}}]"
    made = queries(text, discovery(api={"load_balancer": BALANCER, "database": database}))
    known = KNOWN | (DISCOVERED["alb-json"] if form == "alb-json" else set())
    known |= DISCOVERED["json"] if "json" in form and "alb" not in form else {"log"} if "docker" in form else set()
    assert len(made) >= 4
    for entry in made.values():
        there = set(known)
        for command in entry["query"].split("\n| "):
            there |= set(re.findall(r"\(\?<(\w+)>", command)) | set(re.findall(r" as (\w+)", command))
            assert names(command) <= there, (entry["name"], command, names(command) - there)


def test_what_is_looked_for_is_a_parameter() -> None:
    made = queries()
    trace = made["api/One request by trace id"]
    assert trace["parameters"][0]["name"] == "trace_id"
    assert '@message like "{{trace_id}}"' in trace["query"]
    container = made["shop/Last lines of a container (container)"]
    assert container["parameters"][0]["default"] == "shop"
    assert 'attrs.tag = "{{container}}"' in container["query"]
    assert '@logStream like "{{container}}"' in made["shop/Last lines of a container (all)"]["query"]
    older = queries(parameters=False)["api/One request by trace id"]
    assert "parameters" not in older
    assert '@message like "TRACE_ID"' in older["query"]


def test_a_service_that_goes_takes_its_queries_with_it() -> None:
    text = "[{name: api, state: %s, logs: {sources: [{file: /a}]}}]"
    there, gone = (queries(text % state, discovery(api={})) for state in ("present", "absent"))
    assert {name for name, entry in gone.items() if entry == {"name": name, "state": "absent"}} == {
        name for name in there if name.startswith("api/")
    }
    assert "All services/Log volume by group" not in gone


def test_many_log_groups_are_several_queries() -> None:
    whole = many(30)
    made = [entry for entry in log_queries(**whole) if entry["name"].startswith("All services/")]
    assert [entry["name"].rpartition("/")[2] for entry in made] == ["Log volume by group", "Log volume by group 2"]
    assert all(1 <= len(entry["log_groups"]) <= 50 for entry in made)
    assert sum(len(entry["log_groups"]) for entry in made) == len(logs.groups(**whole))


def test_errors_are_told_in_queries_as_in_filters() -> None:
    """What a query calls an error, and what the metric counts: tried on the same lines."""
    for name in ("text", "docker-text", "mysql-error"):
        form = FORMATS[name]
        _subject, _like, pattern = form.errors.split(" ", 2)
        for sample in form.samples:
            line = json.loads(sample.line)["log"] if name == "docker-text" else sample.line
            assert bool(re.search(pattern.strip("/"), line)) == ("errors" in sample.counts), line


# -- the dashboard ----------------------------------------------------------------------------------------------------


def pages(**options: Any) -> list[Entry]:
    made = log_dashboard(catalogue(), discovery(), **options)
    taken("cloudwatch_dashboards", "dashboards", made)
    assert len(dashboards_model.desired(made)) == len(made)
    return made


def widgets(made: list[Entry]) -> list[Entry]:
    return [widget for page in made for widget in page["body"]["widgets"]]


def test_every_metric_of_the_filters_is_drawn_and_none_that_there_is_not() -> None:
    counted = {
        entry["metric_name"] for entry in logs.metric_filters(catalogue(), discovery()) if not entry.get("dimensions")
    }
    drawn = {
        metric[1]
        for widget in widgets(pages())
        for metric in widget["properties"].get("metrics", ())
        if metric[0] == "Kumawatch/production"
    }
    assert drawn == counted


def test_the_rows_do_not_lie_on_each_other() -> None:
    for page in pages():
        taken_up: set[tuple[int, int]] = set()
        for widget in page["body"]["widgets"]:
            cells = {
                (x, y)
                for x in range(widget["x"], widget["x"] + widget["width"])
                for y in range(widget["y"], widget["y"] + widget["height"])
            }
            assert not cells & taken_up
            assert max(x for x, _y in cells) < 24
            taken_up |= cells


def test_queries_are_on_it_while_services_are_few() -> None:
    shown = [widget["properties"] for widget in widgets(pages()) if widget["type"] == "log"]
    assert {properties["title"].partition(": ")[0] for properties in shown} == {"api", "shop"}
    saved = {entry["query"] for entry in queries().values()}
    for properties in shown:
        query = properties["query"]
        while query.startswith("SOURCE"):
            query = query.partition(" | ")[2]
        assert query in saved
    whole = many(QUERIED + 1)
    made = log_dashboard(**whole)
    assert [page["name"] for page in made] == ["production-logs"]
    assert not [widget for widget in widgets(made) if widget["type"] == "log"]


def test_the_states_of_the_alarms_are_on_it() -> None:
    made = [widget for widget in widgets(pages()) if widget["type"] == "alarm"]
    arns = {arn.partition(":alarm:")[2] for widget in made for arn in widget["properties"]["alarms"]}
    assert arns == {
        entry["name"]
        for entry in log_alarms(catalogue(), discovery())
        if entry["name"].endswith(("/warning", "/critical")) and entry["tags"]["kind"] != "service"
    }
    assert not [widget for widget in widgets(pages(alarms=[])) if widget["type"] == "alarm"]


def test_a_service_called_logs_keeps_its_dashboard() -> None:
    declared = catalogue("[{name: logs, logs: {sources: [{file: /a}]}}]")
    own = {page["name"] for page in dashboards(declared, discovery(logs={}))}
    assert not own & {page["name"] for page in log_dashboard(declared, discovery(logs={}))}


def test_without_logs_it_says_so_and_without_a_region_it_is_refused() -> None:
    (page,) = log_dashboard(catalogue("[{name: api}]"), discovery(api={}))
    assert "No service has logs." in page["body"]["widgets"][0]["properties"]["markdown"]
    with pytest.raises(InputError, match="discovery has no region"):
        log_dashboard(catalogue(), {})


def test_a_thousand_services_are_several_pages() -> None:
    whole = many(1000)
    begin = time.process_time()
    made = log_dashboard(**whole)
    assert time.process_time() - begin < 8
    assert len(log_queries(**whole)) > 10_000
    assert [page["name"] for page in made] == [
        "production-logs", *(f"production-logs-{number}" for number in range(2, len(made) + 1)),
    ]  # fmt: skip
    assert all(len(page["body"]["widgets"]) <= 500 for page in made)
