# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What load balancers log to S3: what is declared, what is there, what is sent. Pure.

A property is a setting of one log, such as ``access_logs.bucket``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from .._errors import InputError, KumawatchError
from .._reconcile import Actual, Desired, Update

LOGS = ("access_logs", "connection_logs", "health_check_logs")
SETTINGS = ("enabled", "bucket", "prefix")

#: Only Application Load Balancers have the others.
_EVERY = "access_logs"
_APPLICATION = "application"
_TYPES = (_APPLICATION, "network")


def desired(entries: Sequence[Mapping[str, Any]]) -> list[Desired]:
    """The declared load balancers, checked; each by what it was called."""
    found = []
    for position, entry in enumerate(entries):
        name = str(entry.get("load_balancer") or "")
        if not name:
            raise InputError(
                f"load_balancers entry {position + 1}: load_balancer is empty: give the ARN, app/NAME/ID or the name."
            )
        properties: dict[str, Any] = {}
        for log in LOGS:
            declared = {key: value for key, value in (entry.get(log) or {}).items() if value is not None}
            _check_prefix(name, log, str(declared.get("prefix") or ""))
            if declared.get("enabled") and declared.get("bucket") == "":
                raise InputError(f"load balancer '{name}': {log}.bucket is empty: give the bucket that gets the log.")
            properties.update({f"{log}.{key}": declared[key] for key in SETTINGS if key in declared})
        ignored = frozenset(f"{log}.{key}" for log in entry.get("ignore") or () for key in SETTINGS)
        found.append(Desired(name, name, position, properties, ignored=ignored))
    return found


def _check_prefix(name: str, log: str, prefix: str) -> None:
    if prefix != prefix.strip("/") or "AWSLogs" in prefix:
        raise InputError(
            f"load balancer '{name}': {log}.prefix '{prefix}' begins or ends with a slash or has AWSLogs in it, which "
            f"is what comes after it: take that out."
        )


def found(names: Iterable[str], balancers: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """The load balancers by what they were called in the entries.

    :raises InputError: two entries are about the same one.
    """
    known: dict[str, Mapping[str, Any]] = {}
    for balancer in balancers:
        if balancer.get("Type") in _TYPES:
            arn = str(balancer["LoadBalancerArn"])
            known.update({arn: balancer, arn.partition(":loadbalancer/")[2]: balancer})
            known[str(balancer["LoadBalancerName"])] = balancer
    result = {name: known[name] for name in names if name in known}
    called: dict[str, str] = {}
    for name, balancer in result.items():
        other = called.setdefault(str(balancer["LoadBalancerArn"]), name)
        if other != name:
            raise InputError(f"load balancers '{other}' and '{name}' are one and the same: remove one of the entries.")
    return result


def actual(name: str, balancer: Mapping[str, Any], attributes: Iterable[Mapping[str, Any]]) -> Actual:
    """A load balancer as it is; an attribute that is not returned was never set."""
    values = {str(attribute["Key"]): str(attribute.get("Value") or "") for attribute in attributes}
    properties: dict[str, Any] = {}
    for log in LOGS:
        for key in SETTINGS:
            value = values.get(f"{log}.s3.{key}", "")
            properties[f"{log}.{key}"] = value == "true" if key == "enabled" else value
    ident = {"arn": str(balancer["LoadBalancerArn"]), "type": str(balancer["Type"])}
    return Actual(name, name, ident, properties)


def check(desired: Sequence[Desired], actual: Sequence[Actual], where: str) -> None:
    """Refuse load balancers that do not exist, logs that they do not have, and logs that go nowhere."""
    there = {item.key: item for item in actual}
    for entry in desired:
        item = there.get(entry.key)
        if item is None:
            raise KumawatchError(
                f"load balancer '{entry.label}': there is no such Application or Network Load Balancer in {where}: "
                f"correct its name or remove the entry."
            )
        for log in LOGS:
            if not entry.properties.get(f"{log}.enabled"):
                continue
            if log != _EVERY and item.ident["type"] != _APPLICATION:
                raise KumawatchError(
                    f"load balancer '{entry.label}': only Application Load Balancers have {log}: remove them."
                )
            if not _effective(entry, item, log, "bucket"):
                raise KumawatchError(
                    f"load balancer '{entry.label}': {log} needs a bucket: give {log}.bucket, the name of one."
                )


def _effective(entry: Desired, item: Actual, log: str, key: str) -> Any:
    name = f"{log}.{key}"
    return entry.properties.get(name, item.properties[name])


def concerned(desired: Sequence[Desired], actual: Sequence[Actual]) -> list[Desired]:
    """The entries with what can be compared.

    Bucket and prefix of a log that is to be off are not settings; they say which log is meant. One that goes elsewhere
    is left alone.
    """
    there = {item.key: item for item in actual}
    result = []
    for entry in desired:
        item = there.get(entry.key)
        properties = dict(entry.properties)
        for log in LOGS:
            if item is None or properties.get(f"{log}.enabled") is not False:
                continue
            where = [f"{log}.{key}" for key in SETTINGS if key != "enabled" and f"{log}.{key}" in properties]
            elsewhere = any(properties[name] != item.properties[name] for name in where)
            for name in [*where, *([f"{log}.enabled"] if elsewhere else [])]:
                del properties[name]
        result.append(replace(entry, properties=properties))
    return result


def attributes(change: Update) -> list[dict[str, str]]:
    """What to send for one change: what differs, and of a log that is on where it goes, which AWS checks as a whole."""
    wanted = {name: difference.after for name, difference in change.differences.items()}
    for log in {name.partition(".")[0] for name in wanted}:
        if _effective(change.desired, change.actual, log, "enabled"):
            for key in ("enabled", "bucket"):
                wanted.setdefault(f"{log}.{key}", _effective(change.desired, change.actual, log, key))
    return [
        {"Key": name.replace(".", ".s3."), "Value": str(value).lower() if isinstance(value, bool) else str(value)}
        for name, value in sorted(wanted.items())
    ]
