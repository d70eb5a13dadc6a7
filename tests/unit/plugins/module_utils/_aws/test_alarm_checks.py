# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What CloudWatch would refuse is told in a sentence before anything is written."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws import alarm_checks as checks
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws import alarm_model as model
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.alarm_options import FAMILIES, METRIC
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.entries import given
from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import InputError
from tests.unit.plugins.module_utils._aws.alarm_entries import (
    TOPIC,
    anomaly,
    composite,
    every_kind,
    insights,
    log,
    math,
    metric,
    promql,
    stat,
)

SCALING = "arn:aws:autoscaling:eu-central-1:1:scalingPolicy:x"


def check(entry: dict[str, Any]) -> None:
    """Check an entry of a new alarm as the module does."""
    told = given(entry)
    checks.name(told["name"])
    kind = checks.kind(told)
    wanted = model.declared(told, kind, "eu-central-1")
    checks.entry(told["name"], kind, wanted, "kumawatch")
    if wanted.get("rule"):
        checks.rule(told["name"], wanted["rule"], "eu-central-1")
    checks.whole(told["name"], FAMILIES[kind] if kind else METRIC, kind, wanted)


@pytest.mark.parametrize("entry", every_kind(), ids=lambda entry: entry["name"])
def test_what_is_right_passes(entry: dict[str, Any]) -> None:
    check(entry)


def metrics(*elements: dict[str, Any]) -> dict[str, Any]:
    return math(metrics=list(elements))


def on(expression: str, **more: Any) -> dict[str, Any]:
    """Metric math of one expression on the metric ``m``."""
    return metrics(
        {"id": "e", "expression": expression, "return_data": True, **more}, {"id": "m", "metric_stat": stat()}
    )


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        (metric(""), "option 'name' is empty"),
        (metric("  "), "option 'name' is empty"),
        (metric("n" * 256), "option 'name' has 256 characters, and CloudWatch takes 255"),
        (metric("a\nb"), "alarm 'a?b': option 'name' holds control characters"),
        (metric(description="d" * 1025), "option 'description' has 1025 characters, and CloudWatch takes 1024"),
        (
            metric(alarm_actions=[f"{TOPIC}{number}" for number in range(6)]),
            "option 'alarm_actions' has 6 actions, and CloudWatch takes 5: publish to one topic instead",
        ),
        (metric(ok_actions=["warning"]), "option 'ok_actions' has 'warning', which is no ARN"),
        (anomaly(alarm_actions=[SCALING]), f"has '{SCALING}', which alarms of kind anomaly cannot do"),
        (
            composite(alarm_actions=["arn:aws:automate:eu-central-1:ec2:stop"]),
            "which alarms of kind composite cannot do",
        ),
        (log(alarm_actions=[SCALING]), "which alarms of kind log cannot do"),
        (metric(tags={"a*": "x"}), "option 'tags' has 'a*' (tag 'a*'), and tags hold letters"),
        (metric(tags={"k": "v" * 257}), "has a value of 257 characters for 'k'"),
        (metric(tags={"k" * 129: "v"}), "has a key of 129 characters"),
        (metric(tags={"aws:x": "v"}), "keys that begin with aws: are Amazon's own"),
        (metric(tags={str(number): "v" for number in range(50)}), "has 50 tags, and there may be 49"),
        (
            metric(tags={"managed-by": "others"}),
            "has 'managed-by', which is the mark of ownership: give it as managed_by",
        ),
        (
            metric(tag_propagation=True, propagated_tags={"include": ["a"], "exclude": ["b"]}),
            "has both include and exclude: give one of them",
        ),
        (metric(propagated_tags={"include": ["a"]}), "no tags are propagated: set tag_propagation: true"),
        (metric(warm_up={"minutes": 2881}), "option 'warm_up.minutes' is 2881: give 0 to 2880"),
        (metric(namespace=":x"), "option 'namespace' begins with a colon"),
        (metric(dimensions={str(number): "v" for number in range(31)}), "option 'dimensions' has 31 of them"),
        (metric(dimensions={"Host": "Köln"}), "has the value 'Köln' ('Host'), and CloudWatch takes ASCII"),
        (metric(dimensions={"Host": ""}), "has an empty value ('Host')"),
        (metric(dimensions={":Host": "a"}), "may not begin with a colon"),
        (metric(period=45), "option 'period' is 45: give 10, 20, 30 or a multiple of 60, in seconds"),
        (metric(period=90), "option 'period' is 90"),
        (metric(period=0), "option 'period' is 0"),
        (metric(statistic=None, extended_statistic="p101"), "option 'extended_statistic' is 'p101'"),
        (metric(statistic=None, extended_statistic="Average"), "option 'extended_statistic' is 'Average'"),
        (metric(threshold=float("nan")), "option 'threshold' is nan: give a number"),
        (metric(evaluation_periods=0), "option 'evaluation_periods' is 0"),
        (metric(datapoints_to_alarm=6), "option 'datapoints_to_alarm' is 6, more than evaluation_periods, which is 5"),
        (metric(period=300, evaluation_periods=289), "times the period is 86700 seconds"),
        (metric(period=3600, evaluation_periods=169), "CloudWatch takes 7 days"),
        (metric(comparison="GreaterThanUpperThreshold"), "which needs band or threshold_metric_id"),
        (anomaly(comparison="GreaterThanThreshold"), "a band needs one of GreaterThanUpperThreshold"),
        (
            anomaly(threshold=5),
            "option 'threshold' does not go with kind anomaly, which option 'band' makes of it: remove it",
        ),
        (metric(rule="TRUE"), "option 'namespace' does not go with kind composite, which option 'rule' makes of it"),
        (composite(threshold=1), "option 'threshold' does not go with kind composite"),
        (
            metric(kind="composite"),
            "option 'namespace' does not go with kind composite: remove it, or declare kind metric",
        ),
        (promql(treat_missing_data="ignore"), "option 'treat_missing_data' does not go with kind promql"),
        (metric(metric=None), "option 'metric' is missing, and an alarm on one metric needs it"),
        (metric(period=None), "option 'period' is missing"),
        (metric(statistic=None), "option 'extended_statistic' is missing, and so is statistic: give one of them"),
        (metric(threshold=None), "option 'threshold' is missing"),
        (metric(comparison=None), "option 'comparison' is missing"),
        ({"name": "x", "state": "present"}, "say what the alarm watches"),
        ({"name": "x", "state": "present", "kind": "metric"}, "option 'namespace' is missing"),
        ({"name": "x", "state": "present", "kind": "composite"}, "option 'rule' is missing"),
        ({"name": "x", "state": "present", "kind": "log"}, "option 'log_query.query' is missing"),
        ({"name": "x", "state": "present", "kind": "promql"}, "option 'promql.query' is missing"),
        (metrics({"id": "M", "expression": "1"}), "has the id 'M': begin with a small letter"),
        (metrics({"id": "m", "metric_stat": stat()}, {"id": "m", "metric_stat": stat()}), "has the id 'm' twice"),
        (metrics({"id": "m"}), "needs either expression or metric_stat for 'm'"),
        (metrics({"id": "m", "metric_stat": stat(), "expression": "1"}), "needs either expression or metric_stat"),
        (on("m / n"), "option 'metrics[e].expression' names 'n', and there is only 'm'"),
        (on("SUM(SEARCH('{x} y', 'Sum', 60))"), "uses SEARCH, which alarms cannot"),
        (on("m" * 2049), "has 2049 characters, and CloudWatch takes 2048"),
        (
            metrics(
                {"id": "a", "expression": "b + m", "return_data": True},
                {"id": "b", "expression": "a * 2"},
                {"id": "m", "metric_stat": stat()},
            ),
            "expressions that go round in a circle (a -> b -> a)",
        ),
        (
            metrics({"id": "a", "metric_stat": stat()}, {"id": "b", "metric_stat": stat()}),
            "must say return_data: true of exactly one of them, the watched one, not of none",
        ),
        (
            metrics(
                {"id": "a", "metric_stat": stat(), "return_data": True},
                {"id": "b", "metric_stat": stat(), "return_data": True},
            ),
            "not of 'a' and 'b'",
        ),
        (
            metrics(*({"id": f"m{number}", "metric_stat": stat(), "return_data": number == 0} for number in range(11))),
            "has 11 metrics, and CloudWatch takes 10",
        ),
        (
            metrics(*({"id": f"e{number}", "expression": "1", "return_data": number == 0} for number in range(11))),
            "has 11 expressions, and CloudWatch takes 10",
        ),
        (metrics({"id": "m", "metric_stat": stat(stat="Mean")}), "option 'metrics[m].metric_stat.stat' is 'Mean'"),
        (
            metrics({"id": "m", "metric_stat": stat(period=7)}),
            "option 'metrics[m].metric_stat.period' is 7: give 1, 5, 10",
        ),
        (insights(period=None), "option 'metrics[q1].period' is missing, and a query of Metrics Insights needs it"),
        (math(threshold_metric_id="band", threshold=None), "a band needs one of"),
        (
            math(threshold_metric_id="band", threshold=None, comparison="GreaterThanUpperThreshold"),
            "option 'threshold_metric_id' is 'band', which is no id in metrics",
        ),
        (
            math(threshold_metric_id="rate", threshold=None, comparison="GreaterThanUpperThreshold"),
            "whose expression is no ANOMALY_DETECTION_BAND",
        ),
        (
            anomaly(band=None, threshold_metric_id="x"),
            "option 'namespace' goes with band; without it, the metric stands in metrics",
        ),
        (anomaly(metrics=math()["metrics"]), "option 'metrics' does not go with band, which stands for it"),
        (insights(metrics=math()["metrics"]), "option 'metrics' does not go with query, which stands for it"),
        (
            insights(query=None, metrics=[{"id": "q", "expression": "SELECT 1", "period": 60}]),
            "option 'period' goes with query; without it, the period stands in metrics",
        ),
        (promql(evaluation_interval=45), "option 'evaluation_interval' is 45"),
        (promql(evaluation_interval=7200), "option 'evaluation_interval' is 7200: give 10 to 3600 seconds"),
        (promql(evaluation_interval=None), "option 'evaluation_interval' is missing"),
        (promql(promql={"query": "up", "pending_period": 90000}), "option 'promql.pending_period' is 90000"),
        (composite(rule="ALARM(a) ALARM(b)"), "option 'rule' has 'ALARM' at character 10, where AND, OR or the end"),
        (composite(suppressor={"alarm": "a", "wait": 5}), "option 'suppressor.extension' is missing"),
        (composite(suppressor={"wait": 5, "extension": 5}), "option 'suppressor.alarm' is missing"),
        (composite(suppressor={"alarm": "a", "wait": -5, "extension": 5}), "option 'suppressor.wait' is -5"),
        (log(evaluation_periods=101), "option 'evaluation_periods' is 101: give 1 to 100"),
        (
            log(log_query={**log()["log_query"], "schedule": "cron(0 * * * ? *)"}),
            "give a rate, such as rate(5 minutes)",
        ),
        (log(log_query={**log()["log_query"], "log_groups": []}), "has 0 log groups: give 1 to 50"),
        (log(log_query={**log()["log_query"], "end_offset": 360}), "is 360: give less than start_offset, which is 360"),
        (log(log_lines={"count": 51, "role_arn": "arn:x"}), "option 'log_lines.count' is 51: give 0 to 50"),
        (log(log_lines={"count": 5}), "option 'log_lines.role_arn' is missing"),
        (log(threshold=None), "option 'threshold' is missing, and a log alarm needs it"),
    ],
)
def test_what_is_wrong_is_told(entry: dict[str, Any], complaint: str) -> None:
    with pytest.raises(InputError) as caught:
        check(entry)
    said = str(caught.value)
    assert complaint in said
    assert re.fullmatch(r"alarm '[^\n]*': option '[^\n]+\.", said), said


@pytest.mark.parametrize(
    "entry",
    [
        metric(period=10),
        metric(period=86400, evaluation_periods=7),
        metric(period=60, evaluation_periods=1440),
        metric("Überlast/💥"),
        metric("n" * 255),
        metric(tags={"größe": "über a-b_c.d:e/f=g+h@i"}),
        metric(tags={"managed-by": "kumawatch"}),
        metric(threshold=0),
        metric(threshold=-1.5e-9),
        *(
            metric(statistic=None, extended_statistic=statistic)
            for statistic in (
                "p0",
                "p99.99",
                "p100",
                "tm90",
                "TM(10%:90%)",
                "TC(:99%)",
                "WM(5%:)",
                "PR(0.5:100)",
                "IQM",
            )
        ),
        on("IF(m > 1e3, m * 2.5e-2, 0)"),
        on('AVG(METRICS("mem")) + FILL(m, REPEAT)'),
        on("m + SUM([m, m]) AND m"),
        metrics({"id": "only", "metric_stat": stat(period=1)}),
        insights(query='select AVG(x) FROM "n"'),
        log(datapoints_to_alarm=None),
        composite(suppressor={"alarm": "a", "wait": 0, "extension": 0}),
    ],
)
def test_what_only_looks_wrong_passes(entry: dict[str, Any]) -> None:
    check(entry)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("m1+m2", ["m1", "m2"]),
        ("IF(req>=50,100*(FILL(t5,0)+FILL(e5,0))/req,0)", ["req", "t5", "e5"]),
        ("1e5 * a", ["a"]),
        ("METRICS('abc')", []),
        ("SELECT avg(x) FROM y", []),
        ("a AND b OR not c", ["a", "b", "c"]),
    ],
)
def test_what_an_expression_names(expression: str, expected: list[str]) -> None:
    assert checks.referenced(expression) == expected


@pytest.mark.parametrize("entry", every_kind(), ids=lambda entry: entry["name"])
def test_the_kind_shows(entry: dict[str, Any]) -> None:
    told = given(entry)
    kind = checks.kind(told)
    assert checks.kind({**told, "kind": kind}) == kind
    expected = {"cpu": "metric", "p99": "metric", "errors": "metric_math", "network": "anomaly", "logs": "log"}
    expected |= {"fleet": "metrics_insights", "prom": "promql", "service": "composite"}
    assert kind == expected[entry["name"]]


def test_an_entry_that_tells_nothing_has_no_kind() -> None:
    assert checks.kind({"name": "x", "threshold": 5}) is None
    with pytest.raises(InputError, match="option 'threshold' does not go with a composite alarm, which this one is"):
        checks.fits("x", ["threshold"], "composite alarm")
