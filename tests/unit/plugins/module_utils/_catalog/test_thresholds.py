# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the catalogue says of alarms and business metrics: every mistake in its words, and the cascade."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.catalogue import CatalogueError, resolve
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.signals import DECLARED
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.thresholds import described

SPEC = Path(__file__).parents[5] / "roles" / "catalogue" / "meta" / "argument_specs.yml"
OPTIONS = yaml.safe_load(SPEC.read_text())["argument_specs"]["main"]["options"]


def declared(text: str) -> dict[str, Any]:
    return resolve({"monitoring_environment": "production", **(yaml.safe_load(text) or {})}, OPTIONS)


def alarms(own: Any = None, environment: Any = None) -> dict[str, Any]:
    found: dict[str, Any] = resolve(
        {
            "monitoring_environment": "production",
            "monitoring_defaults": {"alarms": environment or {}},
            "monitoring_services": [{"name": "api", "alarms": own or {}}],
        },
        OPTIONS,
    )["services"][0]["alarms"]
    return found


def thresholds(settings: Any) -> tuple[Any, Any]:
    return tuple(settings[severity] and settings[severity]["threshold"] for severity in ("warning", "critical"))  # type: ignore[return-value]


# -- mistakes ---------------------------------------------------------------------------------------------------------

ALARM = "monitoring_services: [{name: api, alarms: {%s}}]"
METRIC = "monitoring_services: [{name: api, metrics: [{name: Orders, namespace: Shop, %s}]}]"
API = "monitoring_services: [{name: api, %s}]"

MISTAKES = [
    (ALARM % "cpuu: false", "service 'api': alarms.cpuu is not a known key; did you mean 'cpu'?"),
    (ALARM % "database_conections: false", "service 'api': alarms.database_conections is not a known key; did you mean "
     "'database_connections'?"),
    (ALARM % "cpu: 80", "service 'api': alarms.cpu must be true, false or a mapping of thresholds, not 80."),
    (ALARM % "cpu: [80]", "service 'api': alarms.cpu must be true, false or a mapping of thresholds, not a list."),
    (ALARM % "cpu: {warnin: 80}", "service 'api': alarms.cpu.warnin is not a known key; did you mean 'warning'?"),
    (ALARM % "cpu: {floor: 80}", "service 'api': alarms.cpu.floor is not a known key; known are critical,"),
    (ALARM % "host_down: {warning: 1}", "service 'api': alarms.host_down.warning is not a known key; known are"),
    (ALARM % "database_storage: {statistics: a}", "service 'api': alarms.database_storage.statistics is not a known "
     "key; did you mean 'statistic'?"),
    (ALARM % "slo_fast: {period: 60}", "service 'api': alarms.slo_fast.period is not a known key; known are"),
    (ALARM % "cpu: {warning: high}", "service 'api': alarms.cpu.warning must be a number, false or a mapping with the "
     "threshold, not 'high'."),
    (ALARM % "cpu: {warning: {treshold: 80}}", "service 'api': alarms.cpu.warning.treshold is not a known key; did you "
     "mean 'threshold'?"),
    (ALARM % "cpu: {warning: {threshold: a}}",
     "service 'api': alarms.cpu.warning.threshold must be a number, not 'a'."),
    (ALARM % "cpu: {treat_missing_data: notbreaching}",
     "service 'api': alarms.cpu.treat_missing_data must be breaching, "
     "notBreaching, ignore or missing, not 'notbreaching' (did you mean 'notBreaching'?)."),
    (ALARM % "cpu: {warning: 96}", "service 'api': alarms.cpu: warning is 96 and critical 95, and what is high is bad "
     "here: the warning must be below the critical."),
    (ALARM % "database_storage: {warning: 5}", "service 'api': alarms.database_storage: warning is 5 and critical 10, "
     "and what is low is bad here: the warning must be above the critical."),
    (ALARM % "network: {warning: 5}", "service 'api': alarms.network: warning is 5 and critical 4, and what is high"),
    (ALARM % "cpu: {critical: 101}", "service 'api': alarms.cpu.critical must be a percentage from 0 to 100, not 101."),
    (ALARM % "network: {warning: 0}", "service 'api': alarms.network.warning must be above 0, not 0."),
    (ALARM % "network: {floor: -1}", "service 'api': alarms.network.floor must be at least 0, not -1."),
    (ALARM % "cpu: {period: 90}", "service 'api': alarms.cpu.warning: period must be 10, 20, 30 or a multiple of 60 "
     "seconds, not 90."),
    (ALARM % "cpu: {evaluation_periods: 0}", "service 'api': alarms.cpu.warning: evaluation_periods and "
     "datapoints_to_alarm must be at least 1."),
    (ALARM % "cpu: {datapoints_to_alarm: 6, critical: false}", "service 'api': alarms.cpu.warning: datapoints_to_alarm "
     "is 6 and evaluation_periods 5; no more data points can be beyond the threshold than are looked at."),
    (ALARM % "cpu: {critical: {evaluation_periods: 2000}}", "service 'api': alarms.cpu.critical: 2000 periods of 60 "
     "seconds are longer than the 1 day that CloudWatch looks back; shorten one of them."),
    (ALARM % "cpu: {period: 3600, warning: {evaluation_periods: 200}}",
     "service 'api': alarms.cpu.warning: 200 periods "
     "of 3600 seconds are longer than the 7 days that CloudWatch looks back; shorten one of them."),
    (ALARM % "cpu: {runbook: wiki}", "service 'api': alarms.cpu.runbook must be a web address, not 'wiki'."),
    ("monitoring_defaults: {alarms: {cpu: {warning: 99}}}", "monitoring_defaults.alarms.cpu: warning is 99 and "
     "critical 95, and what is high is bad here: the warning must be below the critical."),
    ("monitoring_defaults: {alarms: {memry: false}}", "monitoring_defaults.alarms.memry is not a known key; did you "
     "mean 'memory'?"),
    (METRIC % "warning: 1, critical: 5, direction: below", "service 'api': metrics[Orders]: warning is 1 and critical "
     "5, and what is low is bad here: the warning must be above the critical."),
    (METRIC % "direction: down", "service 'api': metrics[Orders].direction must be above or below, not 'down'."),
    (METRIC % "warning: 1, datapoints_to_alarm: 9", "service 'api': metrics[Orders]: datapoints_to_alarm is 9 and "
     "evaluation_periods 5;"),
    (METRIC % "dimensions: {a: [b]}", "service 'api': metrics[Orders].dimensions.a must be text, not a list."),
    (METRIC % "title: T}, {name: Baskets, namespace: Shop, title: T", "service 'api': metrics[Baskets]: the title 'T' "
     "is there twice; give each metric a title of its own."),
    (API % "metrics: [{name: Orders}]", "service 'api': metrics[Orders] needs 'namespace'."),
    (API % "target_groups: [a]", "service 'api': target_groups needs a load_balancer, whose groups they are."),
    (API % "instance_tags: {a: {b: c}}", "service 'api': instance_tags.a must be text, not a mapping."),
    (API % "agent: requird", "service 'api': agent must be required, optional or absent, not 'requird' (did you mean "
     "'required'?)."),
    (API % "database_monitoring: {interval: 7}", "service 'api': database_monitoring.interval must be 0, 1, 5, 10, 15, "
     "30 or 60, not 7."),
    ("monitoring_escalation: {wait: -1}", "monitoring_escalation.wait must be at least 0, not -1."),
    ("monitoring_escalation: {extention: 1}", "monitoring_escalation.extention is not a known key; did you mean "
     "'extension'?"),
    ("monitoring_runbooks: here", "monitoring_runbooks must be a web address, not 'here'."),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), MISTAKES, ids=[expected[:70] for _text, expected in MISTAKES])
def test_a_mistake_is_one_sentence_that_names_the_service_and_the_key(text: str, expected: str) -> None:
    with pytest.raises(CatalogueError) as caught:
        declared(text)
    found = [str(problem) for problem in caught.value.problems]
    assert found[0] == expected or (not expected.endswith((".", "?")) and found[0].startswith(expected))


def test_what_is_wrong_in_the_environment_is_said_once_and_not_of_every_service() -> None:
    services = ", ".join(f"{{name: s{number}}}" for number in range(50))
    with pytest.raises(CatalogueError) as caught:
        declared(f"monitoring_defaults: {{alarms: {{cpu: {{warning: 99}}}}}}\nmonitoring_services: [{services}]")
    assert len(caught.value.problems) == 1


# -- the cascade ------------------------------------------------------------------------------------------------------


def test_the_service_wins_over_the_environment_which_wins_over_the_collection() -> None:
    assert thresholds(alarms()["cpu"]) == (80, 95)
    assert thresholds(alarms(environment={"cpu": {"warning": 70}})["cpu"]) == (70, 95)
    assert thresholds(alarms({"cpu": {"critical": 90}}, {"cpu": {"warning": 70, "critical": 99}})["cpu"]) == (70, 90)
    assert alarms()["memory"] == alarms(environment={"cpu": False})["memory"]


@pytest.mark.parametrize(
    ("own", "environment", "expected"),
    [
        (False, None, None),
        (None, False, None),
        (True, False, (80, 95)),
        (True, {"warning": 70}, (70, 95)),
        (False, {"warning": 70}, None),
        ({"warning": 70}, False, (70, 95)),
        ({"warning": False}, {"warning": 70}, (None, 95)),
        ({"warning": True}, {"warning": False}, (80, 95)),
        ({"critical": False}, None, (80, None)),
        ({"warning": 99}, {"critical": False}, (99, None)),
        ({"warning": False, "critical": False}, None, None),
        ({"warning": {"threshold": 60}}, {"warning": {"evaluation_periods": 3}}, (60, 95)),
        ({"warning": "{}".format("75.5")}, None, (75.5, 95)),
    ],
    ids=str,
)
def test_off_and_on_at_every_level(own: Any, environment: Any, expected: Any) -> None:
    found = alarms(None if own is None else {"cpu": own}, None if environment is None else {"cpu": environment})["cpu"]
    assert found is None if expected is None else thresholds(found) == expected


def times(settings: Any, severity: str = "warning") -> tuple[Any, ...]:
    level = settings[severity]
    return level["datapoints"], level["evaluation_periods"], level["period"]


def test_times_of_one_severity_win_over_those_of_both() -> None:
    own = {"cpu": {"evaluation_periods": 3, "period": 300, "critical": {"evaluation_periods": 6, "period": 60}}}
    assert times(alarms(own)["cpu"]) == (3, 3, 300)
    assert times(alarms(own)["cpu"], "critical") == (6, 6, 60)


def test_who_says_only_how_many_periods_means_all_of_them() -> None:
    assert times(alarms({"io_latency": {"evaluation_periods": 10}})["io_latency"]) == (10, 10, None)
    assert times(alarms({"io_latency": {"datapoints_to_alarm": 2}})["io_latency"]) == (2, 5, None)


def test_a_declared_period_is_kept() -> None:
    assert times(alarms({"cpu": {"period": 10}})["cpu"]) == (5, 5, 10)


def test_business_metrics_are_complete() -> None:
    metric = declared(METRIC % "warning: 5")["services"][0]["metrics"][0]
    assert metric["title"] == "Orders"
    assert metric["warning"] == {"threshold": 5, "evaluation_periods": 5, "datapoints": 5, "period": 60}
    assert "critical" not in metric


def test_maintenance_without_a_time_zone_has_that_of_the_environment() -> None:
    text = """
    monitoring_defaults: {timezone: Europe/Berlin}
    monitoring_maintenances:
      - {title: A, strategy: recurring-weekday, weekdays: [sunday], time_window: {start: "02:00", end: "03:00"}}
      - {title: B, strategy: single, start: "2027-01-01 00:00", end: "2027-01-01 01:00", timezone: Asia/Tokyo}
      - {title: C, strategy: manual}
    """
    found = declared(text)
    assert [window.get("timezone") for window in found["maintenances"]] == ["Europe/Berlin", "Asia/Tokyo", None]


# -- the documentation ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["monitoring_services", "monitoring_defaults"])
def test_every_kind_is_documented_with_its_metrics_and_thresholds(where: str) -> None:
    options = OPTIONS[where]["options"]["alarms"]["options"]
    assert list(options) == list(DECLARED)
    for kind, signal in DECLARED.items():
        assert options[kind]["description"] == described(signal), kind


def test_the_table_in_the_documentation_is_that_of_the_signals() -> None:
    text = (SPEC.parents[3] / "docs" / "catalogue.md").read_text()
    rows = {
        row[0]: row[1:] for row in re.findall(r"^\| `(\w+)` \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", text, re.MULTILINE)
    }
    assert set(DECLARED) <= set(rows)
    for kind, signal in DECLARED.items():
        metric, *levels = (cell.strip() for cell in rows[kind])
        assert all(item.name in metric for item in signal.metrics), kind
        for severity, cell in zip(("warning", "critical"), levels, strict=True):
            level = signal.level(severity)
            assert (f"{level.threshold:g}" in cell) if level else cell == "–", (kind, severity)
            if level and not kind.startswith("slo"):
                assert f"{level.datapoints} of {level.evaluation_periods}" in cell, (kind, severity)
