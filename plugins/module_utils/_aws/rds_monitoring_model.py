# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How closely databases are watched: what is declared, what is there, what is sent. Pure.

Properties have the names of the options. Those of Enhanced Monitoring belong to instances: a cluster of Aurora has
them through its members, all of which then get what was declared for the cluster.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._errors import InputError, KumawatchError
from .._reconcile import Actual, Desired, Update

INSTANCE = "instance"
CLUSTER = "cluster"

INTERVALS = (0, 1, 5, 10, 15, 30, 60)
ADVANCED_RETENTION = 465
"""Days that AWS asks for with the advanced mode of Database Insights."""

#: Options by the parameter that they are sent as; the answers call one of them otherwise.
PARAMETERS = {
    "monitoring_interval": "MonitoringInterval",
    "monitoring_role_arn": "MonitoringRoleArn",
    "performance_insights": "EnablePerformanceInsights",
    "performance_insights_retention": "PerformanceInsightsRetentionPeriod",
    "performance_insights_kms_key_id": "PerformanceInsightsKMSKeyId",
    "database_insights": "DatabaseInsightsMode",
    "log_exports": "CloudwatchLogsExportConfiguration",
}
_ANSWERS = {
    **PARAMETERS,
    "performance_insights": "PerformanceInsightsEnabled",
    "log_exports": "EnabledCloudwatchLogsExports",
}
ENHANCED = ("monitoring_interval", "monitoring_role_arn")
"""What every member of an Aurora cluster has of its own."""

MIXED = "(differs between members)"
"""The value of a property that the members of a cluster do not agree on."""


@dataclass(frozen=True)
class Call:
    """One call that makes (a part of) a change."""

    kind: str
    ident: str
    parameters: Mapping[str, Any]


def desired(entries: Sequence[Mapping[str, Any]]) -> list[Desired]:
    """The declared databases, checked."""
    found = []
    for position, entry in enumerate(entries):
        # RDS keeps identifiers in lower case, whatever was typed.
        ident = str(entry.get("id") or "").lower()
        if not ident:
            raise InputError(f"databases entry {position + 1}: id is empty: give the identifier of the database.")
        kind = str(entry.get("kind") or INSTANCE)
        properties = {name: entry[name] for name in PARAMETERS if entry.get(name) is not None}
        _check_entry(ident, properties)
        if properties.get("database_insights") == "advanced":
            properties.setdefault("performance_insights", True)
            properties.setdefault("performance_insights_retention", ADVANCED_RETENTION)
        if properties.get("performance_insights") is False or properties.get("monitoring_interval") == 0:
            # What is off has no settings to compare.
            off = ("performance_insights_retention", "performance_insights_kms_key_id")
            if properties.get("performance_insights") is False:
                properties = {name: value for name, value in properties.items() if name not in off}
            if properties.get("monitoring_interval") == 0:
                properties.pop("monitoring_role_arn", None)
        if "log_exports" in properties:
            properties["log_exports"] = sorted(set(map(str, properties["log_exports"])))
        ignored = frozenset(entry.get("ignore") or ())
        found.append(Desired((kind, ident), ident, position, properties, ignored=ignored))
    return found


def _check_entry(ident: str, properties: Mapping[str, Any]) -> None:
    interval = properties.get("monitoring_interval")
    if interval is not None and interval not in INTERVALS:
        seconds = ", ".join(map(str, INTERVALS))
        raise InputError(f"database '{ident}': monitoring_interval is {interval}: take one of {seconds} seconds.")
    role = properties.get("monitoring_role_arn")
    if role is not None and not (role.startswith("arn:") and ":role/" in role):
        raise InputError(
            f"database '{ident}': monitoring_role_arn '{role}' is not the ARN of a role: copy it from IAM."
        )
    retention = properties.get("performance_insights_retention")
    if retention is not None and not (retention in (7, 731) or (retention % 31 == 0 and 1 <= retention // 31 <= 23)):
        # 465 days are 15 months of 31 days.
        raise InputError(
            f"database '{ident}': performance_insights_retention is {retention}: take 7, 731, or 31 days times 1 to 23."
        )
    if properties.get("database_insights") == "advanced":
        if properties.get("performance_insights") is False:
            raise InputError(
                f"database '{ident}': database_insights 'advanced' needs Performance Insights: take "
                f"performance_insights: false out."
            )
        if retention is not None and retention < ADVANCED_RETENTION:
            raise InputError(
                f"database '{ident}': database_insights 'advanced' keeps {ADVANCED_RETENTION} days or more, and "
                f"performance_insights_retention is {retention}: raise it or take it out."
            )


def actual(
    instances: Iterable[Mapping[str, Any]], clusters: Iterable[Mapping[str, Any]], wanted: set[tuple[str, str]]
) -> list[Actual]:
    """The databases among ``wanted`` as they are, pending changes taken as made."""
    by_name = {str(instance["DBInstanceIdentifier"]): _current(instance) for instance in instances}
    found = [
        Actual((INSTANCE, name), name, name, _properties(instance))
        for name, instance in by_name.items()
        if (INSTANCE, name) in wanted
    ]
    for cluster in clusters:
        name = str(cluster["DBClusterIdentifier"])
        if (CLUSTER, name) not in wanted:
            continue
        current = _current(cluster)
        properties = _properties(current)
        members = _members(cluster, by_name)
        if _aurora(cluster):
            for option in ENHANCED:
                properties[option] = _agreed([_properties(member)[option] for member in members.values()])
        found.append(
            Actual(
                (CLUSTER, name),
                name,
                {"id": name, "members": {ident: _properties(member) for ident, member in members.items()}}
                if _aurora(cluster)
                else {"id": name, "members": {}},
                properties,
            )
        )
    return found


def _current(database: Mapping[str, Any]) -> dict[str, Any]:
    """A database with what waits for its maintenance window, and with the log exports that are being switched."""
    pending = dict(database.get("PendingModifiedValues") or {})
    exports = pending.pop("PendingCloudwatchLogsExports", None) or {}
    logs = set(database.get(_ANSWERS["log_exports"]) or ()) | set(exports.get("LogTypesToEnable") or ())
    logs -= set(exports.get("LogTypesToDisable") or ())
    return {**database, **pending, _ANSWERS["log_exports"]: sorted(logs)}


def _properties(database: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {name: database.get(key) or None for name, key in _ANSWERS.items()}
    found["monitoring_interval"] = int(found["monitoring_interval"] or 0)
    found["performance_insights"] = bool(found["performance_insights"])
    found["database_insights"] = found["database_insights"] or "standard"
    found["log_exports"] = sorted(found["log_exports"] or ())
    return found


def _agreed(values: Sequence[Any]) -> Any:
    return values[0] if values and all(value == values[0] for value in values) else (MIXED if values else None)


def _aurora(cluster: Mapping[str, Any]) -> bool:
    return str(cluster.get("Engine") or "").startswith("aurora")


def _members(cluster: Mapping[str, Any], instances: Mapping[str, Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    names = sorted(str(member["DBInstanceIdentifier"]) for member in cluster.get("DBClusterMembers") or ())
    return {name: instances[name] for name in names if name in instances}


def equal(name: str, before: Any, after: Any) -> bool:
    """Whether two values mean the same; a key may be named by its id, and is returned as an ARN."""
    if name == "performance_insights_kms_key_id" and before and "alias/" not in str(after):
        return str(before).rpartition("/")[2] == str(after).rpartition("/")[2]
    return bool(before == after)


def check(desired: Sequence[Desired], actual: Sequence[Actual], where: str) -> None:
    """Refuse databases that do not exist, and Enhanced Monitoring without a role."""
    there = {item.key: item for item in actual}
    for entry in desired:
        found = there.get(entry.key)
        if found is None:
            kind, ident = entry.key
            raise KumawatchError(
                f"database '{ident}': there is no such {kind} of RDS in {where}: correct its id or kind, or remove it."
            )
        role = entry.properties.get("monitoring_role_arn") or found.properties["monitoring_role_arn"]
        if entry.properties.get("monitoring_interval") and role in (None, MIXED):
            raise KumawatchError(
                f"database '{entry.label}': monitoring_interval needs monitoring_role_arn: give the role with which "
                f"RDS may write to CloudWatch Logs."
            )


def calls(change: Update, *, apply_immediately: bool) -> list[Call]:
    """What to send for one change: only what differs, and what AWS wants to be told along with it."""
    kind, ident = change.key
    wanted = {name: difference.after for name, difference in change.differences.items()}
    actual: Mapping[str, Any] = change.actual.properties
    if kind == INSTANCE or not change.actual.ident["members"]:
        return [Call(kind, ident, _request(wanted, change.desired.properties, actual, apply_immediately))]
    shared = {name: value for name, value in wanted.items() if name not in ENHANCED}
    found = []
    if shared:
        found.append(Call(CLUSTER, ident, _request(shared, change.desired.properties, actual, apply_immediately)))
    enhanced = {name: value for name, value in wanted.items() if name in ENHANCED}
    for member, properties in change.actual.ident["members"].items():
        differing = {name: value for name, value in enhanced.items() if properties[name] != value}
        if differing:
            request = _request(differing, change.desired.properties, properties, apply_immediately)
            found.append(Call(INSTANCE, member, request))
    return found


def _request(
    wanted: Mapping[str, Any], declared: Mapping[str, Any], actual: Mapping[str, Any], apply_immediately: bool
) -> dict[str, Any]:
    given = dict(wanted)

    def effective(name: str) -> Any:
        return declared.get(name, actual.get(name))

    # Interval and role go together, except that what is off has no role.
    if given.keys() & set(ENHANCED) and effective("monitoring_interval"):
        given.update({name: effective(name) for name in ENHANCED})
    if "database_insights" in given:
        given["performance_insights"] = effective("performance_insights")
        if effective("performance_insights"):
            given["performance_insights_retention"] = effective("performance_insights_retention")
    if given.keys() & {"performance_insights_retention", "performance_insights_kms_key_id"}:
        given["performance_insights"] = True
    if "log_exports" in given:
        given["log_exports"] = _switched(set(given["log_exports"]), set(actual.get("log_exports") or ()))
    parameters = {PARAMETERS[name]: value for name, value in given.items() if value not in (None, MIXED)}
    return {**parameters, "ApplyImmediately": apply_immediately}


def _switched(wanted: set[str], there: set[str]) -> dict[str, list[str]]:
    """The logs to switch on and off, as RDS is told."""
    switched = {"EnableLogTypes": sorted(wanted - there), "DisableLogTypes": sorted(there - wanted)}
    return {name: types for name, types in switched.items() if types}


def waiting(databases: Iterable[Mapping[str, Any]], key: str) -> dict[str, list[str]]:
    """What waits for the maintenance window, by database: parameters that are not ours."""
    found = {}
    for database in databases:
        ours = {*_ANSWERS.values(), "PendingCloudwatchLogsExports"}
        pending = sorted(set(database.get("PendingModifiedValues") or {}) - ours)
        if pending:
            found[str(database[key])] = pending
    return found
