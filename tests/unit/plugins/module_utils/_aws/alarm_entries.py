# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Alarms of every kind, as a playbook declares them."""

from __future__ import annotations

from typing import Any

TOPIC = "arn:aws:sns:eu-central-1:123456789012:warning"
ROLE = "arn:aws:iam::123456789012:role/queries"
COMPARED = {"comparison": "GreaterThanThreshold", "threshold": 80, "evaluation_periods": 5}


def metric(name: str = "cpu", **more: Any) -> dict[str, Any]:
    """An alarm on one metric."""
    return {
        "name": name,
        "namespace": "AWS/EC2",
        "metric": "CPUUtilization",
        "dimensions": {"InstanceId": "i-1"},
        "statistic": "Average",
        "period": 60,
        **COMPARED,
        "state": "present",
        **more,
    }


def stat(metric_name: str = "RequestCount", **more: Any) -> dict[str, Any]:
    """A metric in metric math."""
    return {
        "namespace": "AWS/ApplicationELB",
        "metric": metric_name,
        "dimensions": {"LoadBalancer": "app/api/1"},
        "period": 60,
        "stat": "Sum",
        **more,
    }


def math(name: str = "errors", **more: Any) -> dict[str, Any]:
    """An alarm on metric math."""
    return {
        "name": name,
        "metrics": [
            {
                "id": "rate",
                "expression": "IF(req >= 50, 100 * FILL(err, 0) / req, 0)",
                "label": "%",
                "return_data": True,
            },
            {"id": "req", "metric_stat": stat()},
            {"id": "err", "metric_stat": stat("HTTPCode_Target_5XX_Count")},
        ],
        **COMPARED,
        "state": "present",
        **more,
    }


def anomaly(name: str = "network", **more: Any) -> dict[str, Any]:
    """An alarm on a band, the short way."""
    return {
        "name": name,
        "namespace": "AWS/EC2",
        "metric": "NetworkIn",
        "dimensions": {"InstanceId": "i-1"},
        "statistic": "Average",
        "period": 300,
        "band": 2,
        "comparison": "GreaterThanUpperThreshold",
        "evaluation_periods": 5,
        "datapoints_to_alarm": 3,
        "state": "present",
        **more,
    }


def insights(name: str = "fleet", **more: Any) -> dict[str, Any]:
    """An alarm on a query of Metrics Insights, the short way."""
    query = 'SELECT MAX(CPUUtilization) FROM SCHEMA("AWS/EC2", InstanceId) GROUP BY InstanceId'
    return {"name": name, "query": query, "period": 300, **COMPARED, "state": "present", **more}


def promql(name: str = "prom", **more: Any) -> dict[str, Any]:
    """An alarm on PromQL."""
    return {
        "name": name,
        "promql": {"query": "up == 0", "pending_period": 60},
        "evaluation_interval": 60,
        "state": "present",
        **more,
    }


def composite(name: str = "service", **more: Any) -> dict[str, Any]:
    """A composite alarm."""
    return {"name": name, "rule": 'ALARM("cpu") AND NOT OK(errors)', "state": "present", **more}


def log(name: str = "logs", **more: Any) -> dict[str, Any]:
    """A log alarm."""
    return {
        "name": name,
        "log_query": {
            "query": "filter level = 'ERROR'",
            "log_groups": ["/api/app", "/api/access"],
            "role_arn": ROLE,
            "schedule": "rate(5 minutes)",
            "start_offset": 360,
            "aggregation": "count(*)",
        },
        "log_lines": {"count": 5, "role_arn": ROLE},
        **COMPARED,
        "datapoints_to_alarm": 3,
        "state": "present",
        **more,
    }


def every_kind() -> list[dict[str, Any]]:
    """One alarm of each kind, with everything that it can have."""
    common = {
        "description": "Größer als üblich.",
        "alarm_actions": [TOPIC],
        "ok_actions": [TOPIC],
        "insufficient_data_actions": [TOPIC],
        "actions_enabled": False,
        "tag_propagation": True,
        "propagated_tags": {"include": ["service", "severity"]},
    }
    data = {"treat_missing_data": "notBreaching", "datapoints_to_alarm": 3}
    timed = {"warm_up": {"minutes": 30, "wait_for_end": True}}
    window = {"evaluation_window": {"type": "wall_clock", "timezone": "Europe/Berlin"}}
    return [
        metric(unit="Percent", **common, **data, **timed, **window),
        metric("p99", statistic=None, extended_statistic="p99.9", evaluate_low_sample_count="ignore", **common),
        math(**common, **data, **timed, **window),
        anomaly(treat_missing_data="ignore", **common, **timed),
        insights(**common, **data),
        promql(**common, **timed),
        composite(suppressor={"alarm": "network", "wait": 0, "extension": 120}, **common),
        log(treat_missing_data="breaching", **common, **timed),
    ]
