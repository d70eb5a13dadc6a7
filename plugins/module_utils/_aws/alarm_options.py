# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of one alarm, and which kinds of alarm take them. Pure."""

from __future__ import annotations

from typing import Any

from .._contract import entry_args

METRIC, COMPOSITE, LOG = "metric alarm", "composite alarm", "log alarm"
"""The families of alarms: CloudWatch cannot turn one into another."""

#: Kinds of alarm, and the family of each.
FAMILIES = {
    "metric": METRIC,
    "metric_math": METRIC,
    "anomaly": METRIC,
    "metrics_insights": METRIC,
    "promql": METRIC,
    "composite": COMPOSITE,
    "log": LOG,
}

COMPARISONS = (
    "GreaterThanThreshold",
    "GreaterThanOrEqualToThreshold",
    "LessThanThreshold",
    "LessThanOrEqualToThreshold",
)
BAND_COMPARISONS = (
    "GreaterThanUpperThreshold",
    "LessThanLowerThreshold",
    "LessThanLowerOrGreaterThanUpperThreshold",
)
STATISTICS = ("Average", "Maximum", "Minimum", "SampleCount", "Sum")
MISSING = ("breaching", "ignore", "missing", "notBreaching")
_SIZES = ("Bytes", "Kilobytes", "Megabytes", "Gigabytes", "Terabytes", "Bits", "Kilobits", "Megabits", "Gigabits")
UNITS = (
    *("Seconds", "Microseconds", "Milliseconds"),
    *(*_SIZES, "Terabits"),
    *("Percent", "Count"),
    *(f"{size}/Second" for size in (*_SIZES, "Terabits")),
    *("Count/Second", "None"),
)

_STR: dict[str, Any] = {"type": "str"}
_INT: dict[str, Any] = {"type": "int"}
_BOOL: dict[str, Any] = {"type": "bool"}
_DICT: dict[str, Any] = {"type": "dict"}
_LIST: dict[str, Any] = {"type": "list", "elements": "str"}


def _dict(**options: Any) -> dict[str, Any]:
    return {"type": "dict", "options": options}


def _choice(*values: str) -> dict[str, Any]:
    return {"type": "str", "choices": list(values)}


def _required(option: dict[str, Any]) -> dict[str, Any]:
    return {**option, "required": True}


_METRIC_STAT = _dict(
    namespace=_required(_STR),
    metric=_required(_STR),
    dimensions=_DICT,
    period=_required(_INT),
    stat=_required(_STR),
    unit=_choice(*UNITS),
)


def alarm_args() -> dict[str, Any]:
    """The argument spec of one alarm."""
    return {
        "name": _required(_STR),
        "kind": _choice(*FAMILIES),
        "description": _STR,
        "actions_enabled": _BOOL,
        "alarm_actions": _LIST,
        "ok_actions": _LIST,
        "insufficient_data_actions": _LIST,
        "tags": _DICT,
        "tag_propagation": _BOOL,
        "propagated_tags": _dict(include=_LIST, exclude=_LIST),
        "warm_up": _dict(minutes=_required(_INT), wait_for_end=_BOOL),
        "namespace": _STR,
        "metric": _STR,
        "dimensions": _DICT,
        "statistic": _choice(*STATISTICS),
        "extended_statistic": _STR,
        "period": _INT,
        "unit": _choice(*UNITS),
        "threshold": {"type": "float"},
        "comparison": _choice(*COMPARISONS, *BAND_COMPARISONS),
        "evaluation_periods": _INT,
        "datapoints_to_alarm": _INT,
        "treat_missing_data": _choice(*MISSING),
        "evaluate_low_sample_count": _choice("evaluate", "ignore"),
        "evaluation_window": _dict(type=_required(_choice("sliding", "wall_clock")), timezone=_STR),
        "metrics": {
            "type": "list",
            "elements": "dict",
            "options": {
                "id": _required(_STR),
                "expression": _STR,
                "metric_stat": _METRIC_STAT,
                "label": _STR,
                "return_data": _BOOL,
                "period": _INT,
                "account_id": _STR,
            },
        },
        "threshold_metric_id": _STR,
        "band": {"type": "float"},
        "query": _STR,
        "promql": _dict(query=_STR, pending_period=_INT, recovery_period=_INT),
        "evaluation_interval": _INT,
        "rule": _STR,
        "suppressor": _dict(alarm=_STR, wait=_INT, extension=_INT),
        "log_query": _dict(
            query=_STR,
            log_groups=_LIST,
            role_arn=_STR,
            schedule=_STR,
            start_offset=_INT,
            end_offset=_INT,
            aggregation=_STR,
            tags=_DICT,
        ),
        "log_lines": _dict(count=_required(_INT), role_arn=_STR),
        **entry_args(),
    }


#: What every kind takes.
COMMON = frozenset(
    {
        *("description", "actions_enabled", "alarm_actions", "ok_actions", "insufficient_data_actions"),
        *("tags", "tag_propagation", "propagated_tags"),
    }
)
#: The metric of an alarm that watches one.
SINGLE = ("namespace", "metric", "dimensions", "statistic", "extended_statistic", "period", "unit")
_LIMIT = frozenset({"threshold", "comparison", "evaluation_periods", "datapoints_to_alarm", "treat_missing_data"})
_OF_METRICS = frozenset({*COMMON, *_LIMIT, "evaluate_low_sample_count", "evaluation_window", "warm_up"})

#: Which options each kind takes besides name, kind, state and ignore.
TAKES: dict[str, frozenset[str]] = {
    "metric": _OF_METRICS | frozenset(SINGLE),
    "metric_math": _OF_METRICS | {"metrics"},
    "anomaly": (_OF_METRICS - {"threshold"}) | frozenset(SINGLE) | {"metrics", "threshold_metric_id", "band"},
    "metrics_insights": _OF_METRICS | {"metrics", "query", "period"},
    "promql": COMMON | {"promql", "evaluation_interval", "warm_up"},
    "composite": COMMON | {"rule", "suppressor"},
    "log": COMMON | _LIMIT | {"log_query", "log_lines", "warm_up"},
}

#: Which options each family takes: of an entry that does not tell its kind.
FAMILY_TAKES: dict[str, frozenset[str]] = {
    family: frozenset[str]().union(*(TAKES[kind] for kind, of in FAMILIES.items() if of == family))
    for family in (METRIC, COMPOSITE, LOG)
}

#: Options that are not properties.
APART = frozenset({"name", "kind", "state", "ignore"})

#: Options whose suboptions are compared one by one: those that are not set are kept.
COMPOUND = frozenset(
    {"propagated_tags", "warm_up", "evaluation_window", "promql", "suppressor", "log_query", "log_lines"}
)
