# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pure part of the stand-in's CloudWatch: statistics, metric math, queries, rules, schedules, missing data."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lab.aws import faults
from lab.aws.clock import Clock
from lab.aws.cloudwatch import composite, insights, message, mute
from lab.aws.cloudwatch.alarms import Engine
from lab.aws.cloudwatch.evaluate import decide, evaluate
from lab.aws.cloudwatch.expressions import Line, Unreadable, World, parse
from lab.aws.cloudwatch.expressions import evaluate as calculate_expression
from lab.aws.cloudwatch.queries import run
from lab.aws.cloudwatch.series import Metrics, Point, calculate, known
from lab.aws.cloudwatch.store import Alarm, Store


def point(time: float, *values: float, unit: str = "None") -> Point:
    pairs = tuple((value, 1.0) for value in values)
    return Point(time, unit, len(values), sum(values), min(values), max(values), pairs)


# -- statistics


@pytest.mark.parametrize(
    ("statistic", "value"),
    [
        ("Average", 5.5),
        ("Sum", 55.0),
        ("SampleCount", 10.0),
        ("Minimum", 1.0),
        ("Maximum", 10.0),
        ("p0", 1.0),
        ("p50", 5.5),
        ("p90", 9.1),
        ("p100", 10.0),
        ("tm90", 5.0),
        ("TM(20%:80%)", 5.5),
        ("IQM", 5.5),
        ("WM(20%:80%)", 5.5),
        ("tc90", 9.0),
        ("ts90", 45.0),
        ("PR(:5)", 50.0),
        ("TC(2:5)", 3.0),
        ("TS(2:5)", 12.0),
        ("TM(2:5)", 4.0),
    ],
)
def test_statistics_over_one_to_ten(statistic: str, value: float) -> None:
    assert known(statistic)
    found = calculate([point(0, *(float(number) for number in range(1, 11)))], statistic)
    assert found == pytest.approx(value)


def test_a_statistic_set_has_no_percentiles_unless_it_is_flat() -> None:
    assert calculate([Point(0, "None", 4, 20, 2, 9, None)], "p50") is None
    assert calculate([Point(0, "None", 4, 20, 5, 5, None)], "p50") == 5
    assert calculate([Point(0, "None", 4, 20, 2, 9, None)], "Average") == 5
    assert calculate([], "Sum") is None
    assert not known("p101")
    assert not known("median")


def test_points_that_come_late_are_put_in_their_place() -> None:
    metrics = Metrics()
    for time in (300.0, 60.0, 180.0, 120.0, 240.0):
        metrics.put(("n", "m", ()), point(time, time))
    assert metrics.values(("n", "m", ()), "Sum", 120, 60, 300) == {0: 60.0, 120: 300.0, 240: 240.0}
    assert [one.time for one in metrics.between(("n", "m", ()), 60, 180)] == [60.0, 120.0]


# -- metric math


GRID = [0, 60, 120, 180]


def world(**known_values: Any) -> World:
    def band(id: str, line: Line, width: float) -> Line:
        return Line(dict.fromkeys(GRID, -width), upper=dict.fromkeys(GRID, width))

    lines = [value for value in known_values.values() if isinstance(value, Line)]
    return World(known_values, GRID, 60, lambda text, how, period: lines, band, lambda label: lines)


def series(*values: float | None) -> Line:
    return Line({time: value for time, value in zip(GRID, values, strict=False) if value is not None})


A, B = series(1, 2, 3, 4), series(10, None, 0, 40)


@pytest.mark.parametrize(
    ("expression", "values"),
    [
        ("a + b", {0: 11, 120: 3, 180: 44}),
        ("a / b", {0: 0.1, 180: 0.1}),
        ("100 * a", {0: 100, 60: 200, 120: 300, 180: 400}),
        ("a - 1 - 1", {0: -1, 60: 0, 120: 1, 180: 2}),
        ("2 ^ a", {0: 2, 60: 4, 120: 8, 180: 16}),
        ("-a", {0: -1, 60: -2, 120: -3, 180: -4}),
        ("(a + 1) * 2", {0: 4, 60: 6, 120: 8, 180: 10}),
        ("a >= 3", {0: 0, 60: 0, 120: 1, 180: 1}),
        ("a > 1 AND a < 4", {0: 0, 60: 1, 120: 1, 180: 0}),
        ("a == 1 || a == 4", {0: 1, 60: 0, 120: 0, 180: 1}),
        ("FILL(b, 0)", {0: 10, 60: 0, 120: 0, 180: 40}),
        ("FILL(b, REPEAT)", {0: 10, 60: 10, 120: 0, 180: 40}),
        ("FILL(b, LINEAR)", {0: 10, 60: 5, 120: 0, 180: 40}),
        ("FILL(b, a)", {0: 10, 60: 2, 120: 0, 180: 40}),
        ("IF(a > 2, a, 0)", {0: 0, 60: 0, 120: 3, 180: 4}),
        ("IF(a > 2, b)", {120: 0, 180: 40}),
        ("IF(b > 5, a, b)", {0: 1, 120: 0, 180: 4}),
        ("RATE(a)", {60: 1 / 60, 120: 1 / 60, 180: 1 / 60}),
        ("DIFF(b)", {120: -10, 180: 40}),
        ("RUNNING_SUM(a)", {0: 1, 60: 3, 120: 6, 180: 10}),
        ("SUM([a, b])", {0: 11, 60: 2, 120: 3, 180: 44}),
        ("SUM(METRICS())", {0: 11, 60: 2, 120: 3, 180: 44}),
        ("MAX([a, b])", {0: 10, 60: 2, 120: 3, 180: 40}),
        ("MIN([a, b, 2])", {0: 1, 60: 2, 120: 0, 180: 2}),
        ("AVG([a, b])", {0: 5.5, 60: 2, 120: 1.5, 180: 22}),
        ("a / PERIOD(a)", {0: 1 / 60, 60: 2 / 60, 120: 3 / 60, 180: 4 / 60}),
        ("CEIL(a / 2)", {0: 1, 60: 1, 120: 2, 180: 2}),
        ("TIME_SERIES(7)", {0: 7, 60: 7, 120: 7, 180: 7}),
        ("if(a > 2, 1, 0)", {0: 0, 60: 0, 120: 1, 180: 1}),
        ("FIRST(SORT(METRICS(), MAX, DESC))", {0: 10, 120: 0, 180: 40}),
    ],
)
def test_expressions(expression: str, values: dict[int, float]) -> None:
    found = calculate_expression(parse(expression), world(a=A, b=B))
    assert found.values == pytest.approx(values)


@pytest.mark.parametrize(
    ("expression", "value"),
    [("AVG(a)", 2.5), ("MAX(a) - MIN(a)", 3), ("1 + 2 * 3", 7), ("STDDEV(a)", 1.118033988749895)],
)
def test_expressions_that_are_numbers(expression: str, value: float) -> None:
    assert calculate_expression(parse(expression), world(a=A)) == pytest.approx(value)


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("a +", "Syntax error"),
        ("(a", "')' expected"),
        ("a b", "near 'b'"),
        ("a ; b", "Unexpected character ';'"),
        ("c + 1", "Undefined variable 'c'"),
        ("MEDIAN(a)", "Unknown function 'MEDIAN'"),
        ("FILL(a)", "Wrong number of arguments for function FILL"),
        ("", "empty"),
        ("a + 'x'", "Unsupported operand"),
    ],
)
def test_expressions_that_are_wrong(expression: str, says: str) -> None:
    with pytest.raises(Unreadable) as caught:
        calculate_expression(parse(expression), world(a=A))
    assert says in str(caught.value)


def test_queries_that_go_round_in_a_circle() -> None:
    asked = [{"Id": "e1", "Expression": "e2 + 1"}, {"Id": "e2", "Expression": "e1 + 1"}]
    with pytest.raises(Unreadable, match="Circular reference: e1 -> e2 -> e1"):
        run(asked, Metrics(), 0, 60)


def test_a_search_finds_by_schema_and_words() -> None:
    metrics = Metrics()
    for id in ("i-1", "i-2"):
        metrics.put(("CWAgent", "mem_used_percent", (("InstanceId", id),)), point(0, 50.0))
        metrics.put(("CWAgent", "disk_used_percent", (("InstanceId", id), ("path", "/"))), point(0, 10.0))
    found = run(
        [{"Id": "e1", "Expression": """SEARCH('{CWAgent,InstanceId} mem_used_percent', 'Average', 60)"""}],
        metrics,
        0,
        60,
    )["e1"]
    assert [(line.label, line.values) for line in found] == [("i-1", {0: 50.0}), ("i-2", {0: 50.0})]
    named = """SEARCH('{CWAgent,InstanceId,path} MetricName="disk_used_percent" InstanceId="i-2"', 'Maximum', 60)"""
    assert len(run([{"Id": "e1", "Expression": named}], metrics, 0, 60)["e1"]) == 1


# -- Metrics Insights


def fleet() -> Metrics:
    metrics = Metrics()
    for id, zone, value in (("i-1", "a", 10.0), ("i-2", "a", 90.0), ("i-3", "b", 50.0)):
        metrics.put(("AWS/EC2", "CPU", (("InstanceId", id),)), point(0, value))
        metrics.put(("AWS/EC2", "CPU", (("InstanceId", id), ("Zone", zone))), point(0, value))
    return metrics


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ('SELECT AVG(CPU) FROM SCHEMA("AWS/EC2", InstanceId)', {(): 50.0}),
        ('SELECT MAX(CPU) FROM "AWS/EC2"', {(): 90.0}),
        ('SELECT COUNT(CPU) FROM "AWS/EC2"', {(): 6.0}),
        ('SELECT SUM(CPU) FROM SCHEMA("AWS/EC2", InstanceId, Zone) GROUP BY Zone', {("a",): 100.0, ("b",): 50.0}),
        ("SELECT MAX(CPU) FROM SCHEMA(\"AWS/EC2\", InstanceId) WHERE InstanceId = 'i-1'", {(): 10.0}),
        ("SELECT MAX(CPU) FROM SCHEMA(\"AWS/EC2\", InstanceId) WHERE InstanceId != 'i-2'", {(): 50.0}),
        (
            "SELECT MAX(CPU) FROM SCHEMA(\"AWS/EC2\", InstanceId, Zone) WHERE Zone = 'b' OR "
            "(Zone = 'a' AND InstanceId = 'i-1') GROUP BY InstanceId",
            {("i-1",): 10.0, ("i-3",): 50.0},
        ),
        (
            'SELECT MAX(CPU) FROM SCHEMA("AWS/EC2", InstanceId) GROUP BY InstanceId ORDER BY MAX() DESC LIMIT 1',
            {("i-2",): 90.0},
        ),
        (
            'select min("CPU") from schema("AWS/EC2", InstanceId) group by InstanceId order by min() limit 1',
            {("i-1",): 10.0},
        ),
    ],
)
def test_metrics_insights(query: str, expected: dict[tuple[str, ...], float]) -> None:
    lines = insights.run(insights.parse(query), fleet(), 60, 0, 60)
    assert {tuple(line.attributes.values()): line.values[0] for line in lines} == expected


@pytest.mark.parametrize(
    "query",
    ["SELECT MEDIAN(x) FROM y", "SELECT MAX(x)", "SELECT MAX(x) FROM y WHERE a < 'b'", "SELECT MAX(x) FROM y GROUP z"],
)
def test_metrics_insights_that_are_wrong(query: str) -> None:
    with pytest.raises(Unreadable, match="Metrics Insights query"):
        insights.parse(query)


# -- missing data: the tables of CloudWatch's user guide; 0 is fine, X breaches, - is missing, newest last


def slots(text: str) -> list[bool | None]:
    return [{"0": False, "X": True, "-": None}[letter] for letter in reversed(text)]


TREATMENTS = ["missing", "ignore", "breaching", "notBreaching"]
THREE_OF_THREE = {
    "0-X-X": ["OK", "OK", "OK", "OK"],
    "0----": ["OK", "OK", "OK", "OK"],
    "-----": ["INSUFFICIENT_DATA", None, "ALARM", "OK"],
    "0XX-X": ["ALARM", "ALARM", "ALARM", "ALARM"],
    "--X--": ["ALARM", None, "ALARM", "OK"],
}
TWO_OF_THREE = {
    "0-X-X": ["ALARM", "ALARM", "ALARM", "ALARM"],
    "00X0X": ["ALARM", "ALARM", "ALARM", "ALARM"],
    "0-X--": ["OK", "OK", "ALARM", "OK"],
    "----0": ["OK", "OK", "ALARM", "OK"],
    "---X-": ["ALARM", None, "ALARM", "OK"],
}


@pytest.mark.parametrize(
    ("needed", "shown", "treat", "state"),
    [
        (needed, shown, treat, state)
        for needed, table in ((3, THREE_OF_THREE), (2, TWO_OF_THREE))
        for shown, states in table.items()
        for treat, state in zip(TREATMENTS, states, strict=True)
    ],
)
def test_missing_data_as_the_user_guide_has_it(needed: int, shown: str, treat: str, state: str | None) -> None:
    alarm = {"EvaluationPeriods": 3, "DatapointsToAlarm": needed, "TreatMissingData": treat}
    assert decide(alarm, slots(shown), "OK")[0] == state


def test_no_slots_can_be_undecided_for_good() -> None:
    """Whatever comes, breaching and notBreaching decide, and enough breaching points always alarm."""
    for shown in itertools.product("0X-", repeat=5):
        text = "".join(shown)
        for treat in ("breaching", "notBreaching"):
            alarm = {"EvaluationPeriods": 3, "DatapointsToAlarm": 2, "TreatMissingData": treat}
            assert decide(alarm, slots(text), "OK")[0] in ("OK", "ALARM")
        real = [letter for letter in reversed(text) if letter != "-"][:3]
        if real.count("X") >= 2:
            for treat in TREATMENTS:
                alarm = {"EvaluationPeriods": 3, "DatapointsToAlarm": 2, "TreatMissingData": treat}
                assert decide(alarm, slots(text), "OK")[0] == "ALARM", text


@pytest.mark.parametrize(
    ("operator", "value", "breached"),
    [
        ("GreaterThanThreshold", 80.0, False),
        ("GreaterThanOrEqualToThreshold", 80.0, True),
        ("LessThanThreshold", 80.0, False),
        ("LessThanOrEqualToThreshold", 80.0, True),
        ("LessThanThreshold", 79.9, True),
    ],
)
def test_comparisons_at_the_threshold(operator: str, value: float, breached: bool) -> None:
    metrics = Metrics()
    metrics.put(("n", "m", ()), point(600, value))
    alarm = {
        "AlarmName": "a",
        "Namespace": "n",
        "MetricName": "m",
        "Statistic": "Average",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 80.0,
        "ComparisonOperator": operator,
    }
    assert evaluate(alarm, metrics, 630, "OK").state == ("ALARM" if breached else "OK")


# -- composites


def states(**known_states: str) -> Any:
    return lambda child: known_states.get(composite.short_name(child), "INSUFFICIENT_DATA")


@pytest.mark.parametrize(
    ("rule", "holds"),
    [
        ("ALARM(a)", True),
        ('ALARM("a") AND OK(b)', True),
        ("ALARM(a) AND NOT ALARM(b)", True),
        ("NOT (ALARM(a) OR ALARM(b))", False),
        ("ALARM(b) OR ALARM(a) AND OK(a)", False),
        ("(ALARM(b) OR ALARM(a)) AND OK(b)", True),
        ("INSUFFICIENT_DATA(c)", True),
        ("TRUE", True),
        ("FALSE OR alarm(a)", True),
        ("ALARM(arn:aws:cloudwatch:us-east-1:123456789012:alarm:a)", True),
        ('ALARM("arn:aws:cloudwatch:us-east-1:123456789012:alarm:a")', True),
        ("AT_LEAST(1, ALARM, (a, b, c))", True),
        ("AT_LEAST(2, ALARM, (a, b, c))", False),
        ("AT_LEAST(60%, NOT ALARM, (a, b, c))", True),
    ],
)
def test_composite_rules(rule: str, holds: bool) -> None:
    assert composite.evaluate(composite.parse(rule), states(a="ALARM", b="OK")) is holds


def test_names_with_anything_in_them() -> None:
    rule = 'ALARM("prod/api/5xx rate (%)/critical ü, \\"x\\"") OR OK(b)'
    assert composite.children(composite.parse(rule)) == ['prod/api/5xx rate (%)/critical ü, "x"', "b"]


@pytest.mark.parametrize(
    "rule", ["", "ALARM", "ALARM(", "ALARM(a) OR", "ALARM(a) ALARM(b)", "BUSY(a)", 'ALARM("a)', "NOT"]
)
def test_composite_rules_that_are_wrong(rule: str) -> None:
    with pytest.raises(composite.BadRule):
        composite.parse(rule)


# -- mute rules


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def rule(expression: str, duration: str = "PT1H", zone: str | None = None, **more: Any) -> dict[str, Any]:
    schedule = {"Expression": expression, "Duration": duration, **({"Timezone": zone} if zone else {})}
    return {"Name": "x", "Rule": {"Schedule": schedule}, **more}


@pytest.mark.parametrize(
    ("given", "moment", "mutes"),
    [
        (rule("at(2026-11-27T12:00)"), "2026-11-27T12:30:00", True),
        (rule("at(2026-11-27T12:00)"), "2026-11-27T13:00:00", False),
        (rule("at(2026-11-27T12:00)"), "2026-11-27T11:59:59", False),
        (rule("at(2026-11-27T12:00)", zone="Europe/Berlin"), "2026-11-27T11:30:00", True),
        (rule("cron(0 2 * * *)", "PT2H"), "2026-11-27T03:59:00", True),
        (rule("cron(0 2 * * *)", "PT2H"), "2026-11-27T04:00:00", False),
        (rule("cron(0 23 * * *)", "PT2H"), "2026-11-28T00:30:00", True),
        (rule("cron(30 1 * * SUN)", "PT1H"), "2026-11-29T02:00:00", True),
        (rule("cron(30 1 * * SUN)", "PT1H"), "2026-11-27T02:00:00", False),
        (rule("cron(*/15 9-17 * * MON-FRI)", "PT5M"), "2026-11-27T09:17:00", True),
        (rule("cron(*/15 9-17 * * MON-FRI)", "PT5M"), "2026-11-27T09:21:00", False),
        (rule("cron(0 0 1 JAN,JUL *)", "P2D"), "2026-01-02T23:00:00", True),
        (rule("cron(0 2 * * *)", "PT2H", "America/New_York"), "2026-11-27T07:30:00", True),
        (rule("cron(0 2 * * *)", StartDate=at("2026-12-01T00:00:00")), "2026-11-27T02:30:00", False),
        (rule("cron(0 2 * * *)", ExpireDate=at("2026-11-27T02:15:00")), "2026-11-27T02:30:00", False),
    ],
)
def test_when_a_mute_rule_mutes(given: dict[str, Any], moment: str, mutes: bool) -> None:
    assert mute.active(given, at(moment)) is mutes


def test_durations() -> None:
    assert mute.duration("P1DT2H3M") == timedelta(days=1, hours=2, minutes=3)
    assert mute.duration("P1W") == timedelta(days=7)
    for wrong in ("", "P", "PT", "1H", "PT0M", "P16D", "PT1S"):
        with pytest.raises(mute.BadRule):
            mute.duration(wrong)


def test_a_rule_that_is_over() -> None:
    assert mute.expired(rule("at(2026-11-27T12:00)"), at("2026-11-27T13:00:00"))
    assert not mute.expired(rule("at(2026-11-27T12:00)"), at("2026-11-27T12:59:00"))
    assert not mute.expired(rule("cron(0 2 * * *)"), at("2030-01-01T00:00:00"))


# -- an engine without a server


def test_what_is_kept_and_loaded_is_the_same() -> None:
    store = Store()
    scope = store.scope("1", "eu-central-1")
    scope.alarms["a"] = Alarm("metric", "arn", {"AlarmName": "a", "Namespace": "n"}, 1.0, 1.0, 1.0, 1.0)
    scope.metrics.put(("n", "m", (("d", "v"),)), point(1.0, 1.0, 2.0))
    scope.metrics.put(("n", "m", (("d", "v"),)), Point(2.0, "Count", 4, 20, 2, 9, None))
    scope.tags["arn"] = {"a": "ü"}
    other = Store()
    other.load(store.dump())
    assert other.dump() == store.dump()
    assert other.scope("1", "eu-central-1").metrics.points == scope.metrics.points


def test_only_alarms_with_news_or_a_new_period_are_looked_at() -> None:
    store, now = Store(), [600.0]
    engine = Engine(store, lambda: now[0], lambda *given: None)
    scope = store.scope("1", "us-east-1")
    for name in ("a", "b"):
        put = {
            "AlarmName": name,
            "Namespace": "n",
            "MetricName": name,
            "Statistic": "Sum",
            "Period": 60,
            "EvaluationPeriods": 1,
            "Threshold": 1.0,
            "ComparisonOperator": "GreaterThanThreshold",
        }
        scope.alarms[name] = Alarm("metric", name, put, 600, 600, 600, 600, warm=True)
        engine.learn(scope, scope.alarms[name])

    def looked() -> list[str]:
        due = engine.due()
        for one, alarm in due:
            engine.look(one, alarm)
        return [alarm.name for _scope, alarm in due]

    assert looked() == ["a", "b"]
    assert looked() == []
    engine.touched(scope, [("n", "b")])
    assert looked() == ["b"]
    now[0] = 660.0
    assert looked() == ["a", "b"]
    engine.forget(scope, scope.alarms["b"])
    engine.touched(scope, [("n", "b")])
    assert looked() == []


# -- messages, faults, the clock


def test_subjects_are_ascii_and_no_longer_than_a_hundred() -> None:
    assert message.subject("ünï/cödé 🚨", "OK", "eu-central-1") == 'OK: "_n_/c_d_ _" in EU (Frankfurt)'
    for state in ("OK", "ALARM", "INSUFFICIENT_DATA"):
        assert len(message.subject("x" * 255, state, "us-east-1")) == 100
    assert message.region_name("mars-north-1") == "mars-north-1"


def test_which_fault_a_request_meets() -> None:
    rules = faults.read(
        [
            {"service": "cloudwatch", "operation": "PutMetricAlarm", "kind": "throttle", "count": 2},
            {"service": "monitoring", "kind": "reset", "rate": 0.5},
            {"kind": "latency", "seconds": 2},
        ]
    )

    def met(service: str, operation: str, chance: float) -> list[str]:
        return [rule.kind for rule in faults.choose(rules, service, operation, lambda: chance)]

    assert met("sns", "Publish", 0.0) == ["latency"]
    assert met("monitoring", "DescribeAlarms", 0.6) == ["latency"]
    assert met("monitoring", "DescribeAlarms", 0.4) == ["reset", "latency"]
    assert met("monitoring", "PutMetricAlarm", 0.4) == ["throttle", "latency"]
    assert met("monitoring", "PutMetricAlarm", 0.6) == ["throttle", "latency"]
    assert met("monitoring", "PutMetricAlarm", 0.6) == ["latency"]


def test_the_clock() -> None:
    real = [1000.0]
    clock = Clock(lambda: real[0])
    real[0] += 5
    assert clock.now() == 1005
    clock.set(speed=60)
    real[0] += 1
    assert clock.now() == 1065
    clock.set(at=5000)
    real[0] += 1
    assert clock.now() == 5060
    clock.reset()
    assert clock.now() == real[0]
