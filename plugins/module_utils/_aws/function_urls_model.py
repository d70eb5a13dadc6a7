# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""URLs of Lambda functions: what is declared, what exists, and whether they are the same. Pure.

The properties that are compared are ``auth``, ``invoke_mode``, ``public`` (whether everybody is permitted to call the
URL, which follows from ``auth``), and each option of ``cors`` by itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._errors import InputError
from .._reconcile import ABSENT, PRESENT, Actual, Desired
from .entries import given, ignored, within
from .session import Known

AUTHS = {"none": "NONE", "iam": "AWS_IAM"}
INVOKE_MODES = {"buffered": "BUFFERED", "response_stream": "RESPONSE_STREAM"}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "*")

#: Option of ``cors`` → key of the API.
CORS = {
    "allow_credentials": "AllowCredentials",
    "allow_headers": "AllowHeaders",
    "allow_methods": "AllowMethods",
    "allow_origins": "AllowOrigins",
    "expose_headers": "ExposeHeaders",
    "max_age": "MaxAge",
}
LONGEST_MAX_AGE = 86400

SINCE_VIA_URL = "1.40.50"
"""The first botocore that can permit an invocation only where it comes through the URL."""

#: The permissions that a URL needs so that everybody can call it; since October 2025 the first alone is not enough.
PUBLIC: tuple[dict[str, Any], ...] = (
    {
        "StatementId": "kumawatch-function-url",
        "Action": "lambda:InvokeFunctionUrl",
        "Principal": "*",
        "FunctionUrlAuthType": "NONE",
    },
    {
        "StatementId": "kumawatch-function-url-invoke",
        "Action": "lambda:InvokeFunction",
        "Principal": "*",
        "InvokedViaFunctionUrl": True,
    },
)

_FUNCTION = re.compile(r"[A-Za-z0-9_-]{1,64}")
_ALIAS = re.compile(r"(?!\d+$)[A-Za-z0-9_-]{1,128}")

Key = tuple[str, str]
"""The name of a function, and of the alias, empty for the function itself."""


@dataclass(frozen=True)
class Found:
    """What exists besides what is compared.

    :param statements: ids of the statements that permit everybody to call it, one list for each of :data:`PUBLIC`.
    """

    url: str
    statements: tuple[tuple[str, ...], ...]


def label(key: Key) -> str:
    """What one is called in messages."""
    return ":".join(part for part in key if part)


# -- what is declared


def desired(entries: Sequence[Mapping[str, Any]], known: Known) -> list[Desired]:
    """The entries as the planner takes them, checked.

    :raises KumawatchError: an entry cannot be right; the message names it and the option.
    """
    result = []
    for position, entry in enumerate(entries):
        options = given(entry)
        key = (str(options["function"]), str(options.get("alias", "")))
        who = f"function '{label(key)}'"
        _check(key, who)
        properties = {} if options.get("state") == ABSENT else _properties(options, who, known)
        leave = ignored(options, ("auth", "invoke_mode", *(f"cors.{option}" for option in CORS)), who, "function URL")
        if "auth" in leave:
            leave |= {"public"}
        result.append(Desired(key, label(key), position, properties, options.get("state", PRESENT), leave))
    return result


def _check(key: Key, who: str) -> None:
    function, alias = key
    if not _FUNCTION.fullmatch(function):
        raise InputError(
            f"{who}: function must be the name of a function, up to 64 letters, digits, hyphens and underscores: give "
            f"no ARN, and its alias in alias."
        )
    if alias and not _ALIAS.fullmatch(alias):
        raise InputError(f"{who}: alias must be the name of an alias; a version cannot have a URL: correct it.")


def _properties(options: Mapping[str, Any], who: str, known: Known) -> dict[str, Any]:
    properties = {name: options[name] for name in ("auth", "invoke_mode") if name in options}
    if "auth" in properties:
        properties["public"] = properties["auth"] == "none"
        if properties["public"]:
            known.need(f"{who}: auth none", SINCE_VIA_URL, "lambda", "AddPermission", "InvokedViaFunctionUrl")
    cors = given(options.get("cors", {}))
    if "max_age" in cors:
        within(who, "cors.max_age", cors["max_age"], 0, LONGEST_MAX_AGE, "seconds")
    for method in cors.get("allow_methods", ()):
        if method.upper() not in METHODS:
            raise InputError(
                f"{who}: cors.allow_methods has '{method}', which a function URL does not take: give some of "
                f"{', '.join(METHODS)}."
            )
    for origin in cors.get("allow_origins", ()):
        if origin != "*" and "://" not in origin:
            raise InputError(
                f"{who}: cors.allow_origins has '{origin}': begin it with https:// or http://, or give '*' alone."
            )
    properties.update({f"cors.{option}": value for option, value in cors.items()})
    return properties


# -- what exists


def actual(key: Key, config: Mapping[str, Any], policy: str | None) -> Actual:
    """A URL as the planner takes it.

    :param config: the answer of ``GetFunctionUrlConfig``.
    :param policy: that of ``GetPolicy``, the JSON of the function's or alias's policy, if it has one.
    """
    found = Found(str(config["FunctionUrl"]), public_statements(policy))
    cors = config.get("Cors") or {}
    properties: dict[str, Any] = {
        "auth": _named(AUTHS, config.get("AuthType")),
        "invoke_mode": _named(INVOKE_MODES, config.get("InvokeMode") or "BUFFERED"),
        "public": all(found.statements),
        **{f"cors.{option}": cors[name] for option, name in CORS.items() if cors.get(name)},
    }
    if not properties["public"] and any(found.statements):
        # Half of the permission: neither what a public URL needs nor what a private one may have.
        properties["public"] = None
    return Actual(key, label(key), found, properties)


def _named(names: Mapping[str, str], value: Any) -> str:
    return next((name for name, own in names.items() if own == value), str(value))


def public_statements(policy: str | None) -> tuple[tuple[str, ...], ...]:
    """The ids of the statements of a policy that let everybody call the URL, one list for each of :data:`PUBLIC`."""
    try:
        document = json.loads(policy or "{}")
        statements = document.get("Statement", [])
    except (ValueError, AttributeError):
        statements = []
    if isinstance(statements, dict):
        statements = [statements]
    return tuple(
        tuple(str(statement.get("Sid", "")) for statement in statements if _permits(statement, wanted))
        for wanted in PUBLIC
    )


def _permits(statement: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether a statement says what one of :data:`PUBLIC` does, and no more and no less."""
    principal = statement.get("Principal")
    if isinstance(principal, Mapping):
        principal = principal.get("AWS")
    conditions = {
        key.lower(): str(value).lower()
        for operands in (statement.get("Condition") or {}).values()
        for key, value in operands.items()
    }
    expected = {
        "lambda:functionurlauthtype" if "FunctionUrlAuthType" in wanted else "lambda:invokedviafunctionurl": (
            str(wanted.get("FunctionUrlAuthType", "true")).lower()
        )
    }
    return (
        statement.get("Effect") == "Allow"
        and principal in ("*", ["*"])
        and statement.get("Action") in (wanted["Action"], [wanted["Action"]])
        and conditions == expected
    )


def equal(name: str, before: Any, after: Any) -> bool:
    """Whether two values of a property mean the same: order is nothing, nor is the case of methods and headers."""
    if name in ("cors.allow_methods", "cors.allow_headers", "cors.expose_headers"):
        return _folded(before) == _folded(after)
    if name == "cors.allow_origins":
        return set(before or ()) == set(after or ())
    if name.startswith("cors."):
        return (before or 0) == (after or 0)
    return bool(before == after)


def _folded(values: Iterable[str] | None) -> set[str]:
    return {value.lower() for value in values or ()}


def request(properties: Mapping[str, Any]) -> dict[str, Any]:
    """What is sent to create or update a URL.

    :param properties: all that it is to have: what is left out of ``cors`` is lost.
    """
    cors = {
        key: [method.upper() for method in value] if option == "allow_methods" else value
        for option, key in CORS.items()
        if (value := properties.get(f"cors.{option}"))
    }
    sent: dict[str, Any] = {}
    if "auth" in properties:
        sent["AuthType"] = AUTHS.get(properties["auth"], properties["auth"])
    if "invoke_mode" in properties:
        sent["InvokeMode"] = INVOKE_MODES.get(properties["invoke_mode"], properties["invoke_mode"])
    if cors or any(name.startswith("cors.") for name in properties):
        sent["Cors"] = cors
    return sent
