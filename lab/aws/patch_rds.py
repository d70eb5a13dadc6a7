# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""RDS as monitoring needs it: Enhanced Monitoring's rules, Performance and Database Insights in ModifyDBInstance."""

from __future__ import annotations

from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services import rds

INTERVALS = (0, 1, 5, 10, 15, 30, 60)
LOG_GROUP = "RDSOSMetrics"


def install() -> None:
    """Change MiniStack's RDS."""
    rds._ACTION_MAP["ModifyDBInstance"] = modifying(rds._ACTION_MAP["ModifyDBInstance"])
    rds._ACTION_MAP["CreateDBInstance"] = creating(rds._ACTION_MAP["CreateDBInstance"])
    original_xml = rds._instance_xml

    def xml(instance: dict[str, Any]) -> Any:
        text = original_xml(instance)
        mode = instance.get("DatabaseInsightsMode", "standard")
        text = text.replace(
            "<PerformanceInsightsEnabled>",
            f"<DatabaseInsightsMode>{mode}</DatabaseInsightsMode><PerformanceInsightsEnabled>",
        )
        logs = "".join(f"<member>{name}</member>" for name in instance.get("EnabledCloudwatchLogsExports") or ())
        text = text.replace(
            "<EnabledCloudwatchLogsExports/>",
            f"<EnabledCloudwatchLogsExports>{logs}</EnabledCloudwatchLogsExports>",
        )
        if not instance.get("PerformanceInsightsEnabled"):
            # AWS says how long only where there is something to keep.
            begin, _open, rest = text.partition("<PerformanceInsightsRetentionPeriod>")
            text = begin + rest.partition("</PerformanceInsightsRetentionPeriod>")[2]
        return text

    rds._instance_xml = xml


LOGS = {
    "postgres": ("postgresql", "upgrade", "iam-db-auth-error"),
    "mysql": ("audit", "error", "general", "slowquery", "iam-db-auth-error"),
}
"""The logs that engines export."""


def switched(p: Any, which: str) -> list[str]:
    """The logs that a request switches: ``Enable`` or ``Disable``."""
    found = []
    for form in ("member.", ""):
        number = 1
        while name := rds._p(p, f"CloudwatchLogsExportConfiguration.{which}LogTypes.{form}{number}"):
            found.append(name)
            number += 1
    return found


def wrong(p: Any, instance: dict[str, Any]) -> Any:
    """The answer to a request that RDS would refuse; None when it would not."""
    known = LOGS.get(instance.get("Engine", ""), ())
    for log in [*switched(p, "Enable"), *switched(p, "Disable")]:
        if log not in known:
            return rds._error(
                "InvalidParameterCombination",
                f"You cannot use the log types '{log}' with engine version {instance.get('Engine')}.",
                400,
            )
    interval = rds._p(p, "MonitoringInterval")
    if interval and (not interval.isdigit() or int(interval) not in INTERVALS):
        return rds._error(
            "InvalidParameterValue",
            f"Invalid monitoring interval {interval}. Valid values: 0, 1, 5, 10, 15, 30, 60.",
            400,
        )
    role = rds._p(p, "MonitoringRoleArn") or instance.get("MonitoringRoleArn")
    if interval and int(interval) and not role:
        return rds._error(
            "InvalidParameterCombination",
            "A MonitoringRoleARN value is required if you specify a MonitoringInterval value other than 0.",
            400,
        )
    mode = rds._p(p, "DatabaseInsightsMode")
    if mode not in ("", "standard", "advanced"):
        return rds._error("InvalidParameterValue", f"Invalid Database Insights mode {mode}.", 400)
    kept = rds._p(p, "PerformanceInsightsRetentionPeriod")
    if mode == "advanced" and int(kept or instance.get("PerformanceInsightsRetentionPeriod") or 7) < 465:
        return rds._error(
            "InvalidParameterCombination",
            "To use the advanced mode of Database Insights, set the Performance Insights retention period to 465 days "
            "or more.",
            400,
        )
    if kept and (not kept.isdigit() or (int(kept) != 731 and int(kept) != 7 and int(kept) % 31)):
        return rds._error("InvalidParameterValue", f"Invalid Performance Insights retention period {kept}.", 400)
    return None


def apply(p: Any, instance: dict[str, Any]) -> None:
    """Do what MiniStack leaves out."""
    if enabled := rds._p(p, "EnablePerformanceInsights"):
        instance["PerformanceInsightsEnabled"] = enabled == "true"
    if kept := rds._p(p, "PerformanceInsightsRetentionPeriod"):
        instance["PerformanceInsightsRetentionPeriod"] = int(kept)
    logs = set(instance.get("EnabledCloudwatchLogsExports") or ()) | set(switched(p, "Enable"))
    instance["EnabledCloudwatchLogsExports"] = sorted(logs - set(switched(p, "Disable")))
    if key := rds._p(p, "PerformanceInsightsKMSKeyId"):
        instance["PerformanceInsightsKMSKeyId"] = key
    if mode := rds._p(p, "DatabaseInsightsMode"):
        instance["DatabaseInsightsMode"] = mode
    if instance.get("MonitoringInterval"):
        stream = f"log-stream:{instance.get('DbiResourceId', '')}"
        arn = f"arn:aws:logs:{get_region()}:{get_account_id()}:log-group:{LOG_GROUP}:{stream}"
        instance["EnhancedMonitoringResourceArn"] = arn
    else:
        instance["EnhancedMonitoringResourceArn"] = ""
        instance["MonitoringRoleArn"] = ""


def answered(p: Any, answer: Any, name: str, before: dict[str, Any]) -> Any:
    """The answer with the instance as it is now."""
    instance = rds._instances.get(rds._p(p, "DBInstanceIdentifier"))
    if answer[0] != 200 or instance is None:
        return answer
    apply(p, instance)
    inner = f"<{name}Result><DBInstance>{rds._instance_xml(instance)}</DBInstance></{name}Result>"
    status, headers, body = answer
    text = body.decode()
    begin, end = text.find(f"<{name}Result>"), text.find(f"</{name}Result>")
    if begin < 0 or end < 0:
        return answer
    return status, headers, (text[:begin] + inner + text[end + len(f"</{name}Result>") :]).encode()


def modifying(original: Any) -> Any:
    def modify(p: Any) -> Any:
        instance = rds._instances.get(rds._p(p, "DBInstanceIdentifier")) or {}
        return (wrong(p, instance) if instance else None) or answered(p, original(p), "ModifyDBInstance", instance)

    return modify


def creating(original: Any) -> Any:
    def create(p: Any) -> Any:
        return wrong(p, {}) or answered(p, original(p), "CreateDBInstance", {})

    return create
