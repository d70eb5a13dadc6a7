# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a declared check to the options of a monitor, as ``kuma_monitors`` takes them. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import SplitResult, urlsplit

from .._kuma.fields import MONITOR_FIELDS, MONITOR_TYPES, REFERENCES, Field, defaults, missing_options
from .cascade import merged
from .spec import SECRET_WORDS, Checker, Place, listed

#: How often and how patiently to check: what further checks of a service inherit from its first.
PATIENCE = ("interval", "retries", "retry_interval", "resend_interval", "timeout", "ignore_tls", "certificate_expiry")

#: The options of which one says what is checked. ``monitor`` does so when it has a type.
SUBJECTS = ("url", "tcp", "ping", "dns", "certificate")

_WEB = frozenset({"http", "json-query", "keyword"})
_STATUS_CODES = re.compile(r"[1-9]\d\d(-[1-9]\d\d)?")

#: Options of a check that are options of a monitor under the same name.
_SAME = (
    "method", "accepted_status_codes", "interval", "retries", "retry_interval", "resend_interval", "timeout",
    "max_redirects", "ignore_tls",
)  # fmt: skip

#: Options of an entry of kuma_monitors that come from elsewhere in the catalogue.
_ELSEWHERE = {
    "name": "the service's name",
    "group": "the service's group",
    "description": "the description",
    "notifications": "channels",
    "tags": "tags",
    "state": "the service's state",
}

# The newest release known: whether this server has an option is for the module to say, which asks it.
_NEWEST = (99, 0, 0)

_FIELDS: dict[str, Field] = {field.option: field for field in MONITOR_FIELDS}
_RAW: dict[str, dict[str, Any]] = {
    **{
        field.option: {"type": "raw" if field.type == "json" else field.type, "elements": field.elements or "raw",
                       **({"choices": list(field.choices)} if field.choices else {})}
        for field in MONITOR_FIELDS
    },
    **{reference.option: {"type": "str"} for reference in REFERENCES},
    "type": {"type": "str", "choices": sorted(MONITOR_TYPES)},
    "ignore": {"type": "list", "elements": "str"},
}  # fmt: skip
_RAW.pop("description")
_TYPES_OF = {
    **{field.option: field.types for field in MONITOR_FIELDS},
    **{item.option: item.types for item in REFERENCES},
}
# Headers and bodies may well hold no secret; headers are looked at one by one.
_SECRETS = frozenset(field.option for field in MONITOR_FIELDS if field.secret) - {
    "headers", "body", "grpc_body", "grpc_metadata",
}  # fmt: skip
#: Names of headers and variables whose values are secrets.
SECRET_HEADER = re.compile(r"authorization|cookie|key|" + "|".join(SECRET_WORDS), re.IGNORECASE)


def monitor_options(
    own: Mapping[str, Any], inherited: Mapping[str, Any], place: Place, checker: Checker
) -> dict[str, Any]:
    """The options of the monitor of one check, its type among them.

    :param own: the check as declared, in the right types.
    :param inherited: what the cascade has below it. What the kind of check has no use for is left out.
    :param place: where the check stands, for messages.
    """
    count = len(checker.problems)
    kind, options = _subject(own, place, checker)
    if kind and kind not in MONITOR_TYPES:
        checker.mapping({"type": kind}, _RAW, place.key("monitor"))
    if not kind or len(checker.problems) > count:
        return {}
    raw = _raw(own.get("monitor") or {}, kind, place.key("monitor"), checker)
    below = {key: value for key, value in (inherited.get("monitor") or {}).items() if _has(kind, key) and key != "type"}
    _check_own(own, kind, place, checker)
    patience = merged(
        inherited, {key: value for key, value in own.items() if key in _SAME or key == "certificate_expiry"}
    )
    for key in _SAME:
        if key in patience and _has(kind, key):
            options.setdefault(key, patience[key])
    if kind in _WEB and str(options.get("url", "")).lower().startswith("https:"):
        options.setdefault("expiry_notification", patience.get("certificate_expiry", True))
    _times(options, kind, place, own, checker)
    options = {**options, **below, **raw, "type": kind}
    missing = [name for name in missing_options(kind, {**defaults(kind, _NEWEST), **options}) if name not in _SECRETS]
    if missing:
        checker.report(f"{place.key('monitor')} of type '{kind}' needs {listed(missing)}.", own.get("monitor"))
    return options


def _subject(own: Mapping[str, Any], place: Place, checker: Checker) -> tuple[str, dict[str, Any]]:
    """The type of monitor, and the options that say what it looks at."""
    given = [name for name in SUBJECTS if name in own]
    raw = str((own.get("monitor") or {}).get("type") or "")
    if len(given) > 1:
        checker.report(f"{place} has {listed(given)}; declare one of them, and the others as further checks.", own)
        return "", {}
    if not given:
        if not raw:
            checker.report(f"{place} does not say what to check; add {listed(SUBJECTS, 'or')}.", own)
        return raw, {}
    name = given[0]
    where = place.key(name)
    for extra in ("json", "keyword"):
        if extra in own and name != "url":
            checker.report(f"{place.key(extra)} needs a url, not {name}.", own[extra])
    if name == "url":
        return _url(own, place, checker)
    value = own[name]
    if name == "tcp":
        return raw or "port", {"hostname": value.get("host"), "port": _port(value.get("port"), where, checker)}
    if name == "ping":
        return raw or "ping", {"hostname": value}
    if name == "certificate":
        port = _port(value.get("port", 443), where, checker)
        return raw or "http", {
            "url": f"https://{value.get('host')}{'' if port == 443 else f':{port}'}",
            "accepted_status_codes": ["100-599"],
            "max_redirects": 0,
            "ignore_tls": False,
            "expiry_notification": True,
        }
    dns = {"hostname": value.get("name")}
    dns["dns_record_type"] = value.get("record_type", "A")
    dns["dns_resolver"] = value.get("resolver", "1.1.1.1")
    dns["port"] = _port(value.get("port", 53), where, checker)
    return raw or "dns", dns


def _url(own: Mapping[str, Any], place: Place, checker: Checker) -> tuple[str, dict[str, Any]]:
    url, where = own["url"], place.key("url")
    parts = split(url)
    raw = str((own.get("monitor") or {}).get("type") or "")
    if parts is None or not parts.hostname:
        checker.report(f"{where} must be an address such as https://example.com/health, not '{url}'.", url)
        return "", {}
    if parts.username is not None or parts.password is not None:
        checker.report(
            f"{where} holds a login, and the catalogue holds no secrets: give it to the role in "
            f"uptime_targets_monitor_secrets.",
            url,
        )
        return "", {}
    if parts.scheme == "tcp":
        if parts.port is None or parts.path.strip("/"):
            checker.report(f"{where} must be tcp://host:port, not '{url}'.", url)
            return "", {}
        for extra in ("json", "keyword"):
            if extra in own:
                checker.report(f"{place.key(extra)} needs an http or https address, not '{url}'.", own[extra])
        return raw or "port", {"hostname": parts.hostname, "port": parts.port}
    if parts.scheme not in ("http", "https") and not raw:
        checker.report(f"{where} must begin with http://, https:// or tcp://, not '{url}'.", url)
        return "", {}
    options: dict[str, Any] = {"url": url}
    if "json" in own and "keyword" in own:
        checker.report(f"{place} has json and keyword; declare one of them, and the other as a further check.", own)
    if "json" in own:
        query = own["json"]
        options.update(json_path=query.get("path"), expected_value=as_javascript(query.get("expected")))
        # Equality is all that 1.23 knows, and is what later servers do where nothing is said.
        if query.get("operator", "==") != "==":
            options["json_path_operator"] = query["operator"]
        return raw or "json-query", options
    if "keyword" in own:
        options.update(keyword=own["keyword"], invert_keyword=own.get("keyword_absent", False))
        return raw or "keyword", options
    return raw or "http", options


def _check_own(own: Mapping[str, Any], kind: str, place: Place, checker: Checker) -> None:
    """What the check itself declares must make sense for its kind."""
    for key in _SAME:
        if key in own and not _has(kind, key):
            checker.report(f"{place.key(key)} has no meaning for a monitor of type '{kind}'; remove it.", own[key])
    if "keyword_absent" in own and "keyword" not in own:
        checker.report(f"{place.key('keyword_absent')} needs a keyword.", own["keyword_absent"])
    for code in own.get("accepted_status_codes") or ():
        if not _STATUS_CODES.fullmatch(str(code)) or ("-" in str(code) and code[:3] > code[-3:]):
            checker.report(
                f"{place.key('accepted_status_codes')} must be codes such as 200 or ranges such as 200-299, "
                f"not '{code}'.",
                code,
            )


def _times(options: dict[str, Any], kind: str, place: Place, own: Mapping[str, Any], checker: Checker) -> None:
    """Seconds that depend on the interval follow it, so that they also do when it is changed later."""
    for key, least in (
        ("interval", 1),
        ("retries", 0),
        ("retry_interval", 1),
        ("resend_interval", 0),
        ("timeout", 0),
        ("max_redirects", 0),
    ):
        if key in own and own[key] < least:
            checker.report(f"{place.key(key)} must be at least {least}, not {own[key]}.", own[key])
    interval = options.get("interval")
    if interval:
        options.setdefault("retry_interval", interval)
        if kind in _WEB:
            options.setdefault("timeout", min(48, interval * 8 / 10))


def _raw(declared: Mapping[str, Any], kind: str, place: Place, checker: Checker) -> dict[str, Any]:
    """``monitor``: the options of kuma_monitors, checked by its own table."""
    result: dict[str, Any] = {}
    rest: dict[Any, Any] = {}
    for name, value in declared.items():
        if name in _ELSEWHERE:
            checker.report(f"{place.key(name)} cannot be set; it comes from {_ELSEWHERE[name]}.", name)
        elif name in _SECRETS:
            checker.report(secret(place.key(name)), name)
        elif (
            name == "headers"
            and isinstance(value, Mapping)
            and (found := [key for key in value if SECRET_HEADER.search(str(key))])
        ):
            checker.report(secret(place.key("headers").key(found[0])), found[0])
        else:
            rest[name] = value
    for name, value in checker.mapping(rest, _RAW, place).items():
        if name not in ("type", "ignore") and not _has(kind, name):
            checker.report(
                f"{place.key(name)} has no meaning for type '{kind}', only for {listed(sorted(_TYPES_OF[name]))}.",
                declared[name],
            )
        result[name] = value
    return result


def default_problems(declared: Mapping[str, Any], place: Place, checker: Checker) -> None:
    """Check the ``health`` of the defaults, whose ``monitor`` has no type."""
    raw = declared.get("monitor") or {}
    if "type" in raw:
        checker.report(
            f"{place.key('monitor').key('type')} cannot be a default; declare it at the services.", raw["type"]
        )
    for name, value in raw.items():
        if name in _SECRETS:
            checker.report(secret(place.key("monitor").key(name)), name)
        elif name in _ELSEWHERE:
            checker.report(f"{place.key('monitor').key(name)} cannot be set; it comes from {_ELSEWHERE[name]}.", name)
        elif name != "type":
            checker.mapping({name: value}, _RAW, place.key("monitor"))
    _check_own(
        {key: value for key, value in declared.items() if key == "accepted_status_codes"}, "http", place, checker
    )
    _times({}, "http", place, declared, checker)


def secret_options(options: Mapping[str, Any]) -> list[str]:
    """Which of a monitor's options the catalogue refuses, since they are secret."""
    found = [name for name in options if name in _SECRETS]
    headers = options.get("headers")
    if isinstance(headers, Mapping) and any(SECRET_HEADER.search(str(name)) for name in headers):
        found.append("headers")
    return found


def secret(place: Place) -> str:
    """The sentence about a secret in the catalogue; its value is not in it."""
    return (
        f"{place} is a secret, and the catalogue holds none: give it to the role in uptime_targets_monitor_secrets, "
        f"from Ansible Vault or the environment."
    )


def _has(kind: str, option: str) -> bool:
    types = _TYPES_OF.get(option)
    return types is not None and (not types or kind in types)


def _port(value: Any, place: Place, checker: Checker) -> Any:
    if value is not None and not 1 <= int(value) <= 65535:
        checker.report(f"{place.key('port')} must be between 1 and 65535, not {value}.", value)
    return value


def split(url: Any) -> SplitResult | None:
    """The parts of an address, ``None`` where it is none."""
    try:
        parts = urlsplit(str(url))
        parts.port  # noqa: B018 - raises for what is no port
    except ValueError:
        return None
    return parts if parts.scheme else None


def as_javascript(value: Any) -> str:
    """A value as JavaScript writes it, which is how Uptime Kuma compares: true, 5, 1.5, null."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
