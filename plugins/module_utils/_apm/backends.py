# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The backends that a collector can send to: addresses, headers and what each must be told. Pure.

What a vendor documents is here and nowhere else:

* AWS takes OTLP over HTTP at one address for each signal, signed (SigV4), and no cumulative-to-delta conversion;
* New Relic takes OTLP over HTTP with the header ``api-key``;
* Datadog takes OTLP over HTTP, not gRPC, with ``dd-api-key``, and makes its trace metrics of what it is sent only where
  ``compute_stats`` is set; its metrics must be deltas;
* Dynatrace takes OTLP over HTTP, not gRPC, below ``/api/v2/otlp``, with an API token; its metrics must be deltas.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from .._catalog.spec import Checker, Options, Place, listed, meant

SIGNALS = ("traces", "metrics")
TYPES = ("xray", "newrelic", "datadog", "dynatrace", "otlp")

_NEW_RELIC = {
    "us": "https://otlp.nr-data.net",
    "eu": "https://otlp.eu01.nr-data.net",
    "jp": "https://otlp.jp.nr-data.net",
}
_DATADOG = (
    "datadoghq.com",
    "us3.datadoghq.com",
    "us5.datadoghq.com",
    "datadoghq.eu",
    "ap1.datadoghq.com",
    "ap2.datadoghq.com",
    "uk1.datadoghq.com",
)
_AWS_SERVICES = {"traces": "xray", "metrics": "monitoring"}
#: What each type needs, and what it may have besides what all may.
_NEEDS: dict[str, tuple[str, ...]] = {
    "xray": ("region",),
    "newrelic": ("key",),
    "datadog": ("key",),
    "dynatrace": ("key", "environment"),
    "otlp": ("endpoint",),
}
_TAKES: dict[str, tuple[str, ...]] = {
    "xray": ("region",),
    "newrelic": ("key", "site", "endpoint"),
    "datadog": ("key", "site", "endpoint"),
    "dynatrace": ("key", "environment", "endpoint"),
    "otlp": ("endpoint", "headers", "protocol"),
}
_OWN = ("key", "site", "region", "environment", "endpoint", "headers", "protocol")
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,40}")
_HEADER = re.compile(r"[A-Za-z0-9-]+")
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Backend:
    """A backend as the collector is told of it.

    :param name: its name, which no other has.
    :param kind: one of :data:`TYPES`.
    :param signals: what it gets.
    :param protocol: ``http`` or ``grpc``.
    :param endpoints: the address for each signal; for gRPC the same one.
    :param headers: by name, where ``{0}`` stands for the secret.
    :param secrets: the secret of each header, by the header's name. They go into the environment file and nowhere else.
    :param region: the Region to sign for, and
    :param services: the service to sign for, by signal; empty where nothing is signed.
    :param delta: whether metrics must be deltas.
    """

    name: str
    kind: str
    signals: tuple[str, ...]
    protocol: str
    endpoints: Mapping[str, str]
    headers: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    region: str = ""
    services: Mapping[str, str] = field(default_factory=dict)
    delta: bool = False

    def variable(self, header: str) -> str:
        """The name of the environment variable that holds the secret of a header."""
        return re.sub(r"[^A-Z0-9]", "_", f"APM_{self.name}_{header}".upper())


def backends(declared: Sequence[Mapping[str, Any]], options: Options, checker: Checker) -> list[Backend]:
    """The backends of ``apm_backends``, checked.

    :param options: the argument spec of its elements.
    :returns: those that are right; the mistakes of the others are reported.
    """
    result = []
    seen: dict[str, int] = {}
    for position, entry in enumerate(declared):
        named = entry.get("name") or entry.get("type") if isinstance(entry, Mapping) else None
        place = Place(f"backend '{named}'" if isinstance(named, str) else f"apm_backends entry {position + 1}")
        found = len(checker.problems)
        known = checker.mapping(entry, options, place)
        if len(checker.problems) > found:
            continue
        name = known.get("name") or known["type"]
        if not _NAME.fullmatch(name):
            checker.report(f"{place.key('name')} must be small letters, digits, '-' and '_', not '{name}'.")
        elif name in seen:
            checker.report(
                f"{place} is declared twice, as entries {seen[name]} and {position + 1} of apm_backends; give each a "
                f"name."
            )
        seen[name] = position + 1
        _fits(known, place, checker)
        if len(checker.problems) == found:
            result.append(_backend(name, known))
    variables: dict[str, str] = {}
    for backend in result:
        for header in backend.secrets:
            other = variables.setdefault(backend.variable(header), backend.name)
            if other != backend.name:  # a-b and a_b
                checker.report(f"backend '{backend.name}' is named too much like '{other}'; rename one.")
    return result


def _fits(known: Mapping[str, Any], place: Place, checker: Checker) -> None:
    kind = known["type"]
    for key in _NEEDS[kind]:
        if not known.get(key):
            hint = ": keep it in Ansible Vault" if key == "key" else ""
            checker.report(f"{place} needs '{key}'{hint}.")
    for key in _OWN:
        if key in known and key not in _TAKES[kind]:
            checker.report(f"{place.key(key)} has no meaning for {kind}; remove it.")
    site = known.get("site")
    sites = {"newrelic": tuple(_NEW_RELIC), "datadog": _DATADOG}.get(kind, ())
    if site and sites and site not in sites:
        checker.report(f"{place.key('site')} must be {listed(sites, 'or')}, not '{site}'{meant(site, sites)}.")
    region = known.get("region")
    if region and kind == "xray" and not _REGION.fullmatch(region):
        checker.report(f"{place.key('region')} must be a Region such as eu-central-1, not '{region}'.")
    environment = known.get("environment")
    if environment and kind == "dynatrace" and not re.fullmatch(r"[a-z0-9-]+", environment):
        checker.report(f"{place.key('environment')} must be the first part of its address, such as abc12345.")
    if known.get("endpoint") and "endpoint" in _TAKES[kind]:
        _address(known["endpoint"], place.key("endpoint"), checker)
    for name, value in (known.get("headers") or {}).items():
        if not _HEADER.fullmatch(str(name)):
            checker.report(f"{place.key('headers')} has '{name}', which is no name of a header.")
        _line(value, place.key("headers").key(name), checker)
    if known.get("key"):
        _line(known["key"], place.key("key"), checker)
    for signal in known.get("signals", ()):
        if signal not in SIGNALS:
            checker.report(f"{place.key('signals')} has '{signal}'; there are {listed(SIGNALS)}.")
    if "signals" in known and not known["signals"]:
        checker.report(f"{place.key('signals')} is empty; take the backend out instead.")


def _line(value: Any, place: Place, checker: Checker) -> None:
    """A secret fits on a line of the environment file, and is never shown."""
    if not isinstance(value, (str, int, float)) or isinstance(value, bool) or not str(value).strip():
        checker.report(f"{place} must be text.")
    elif re.search(r"[\x00-\x1f\x7f]", str(value)):
        checker.report(f"{place} must be one line without control characters; a key has been pasted with a line's end.")


def _address(value: str, place: Place, checker: Checker) -> None:
    try:
        parts = urlsplit(value)
        host, _port = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https") or parts.query or parts.fragment:
        checker.report(f"{place} must be a web address such as https://otlp.example.com:4318, not '{value}'.")
    elif parts.username or parts.password:
        checker.report(f"{place} must hold no login; give it in headers.")
    elif parts.scheme == "http" and host not in _LOOPBACK:
        checker.report(f"{place} must begin with https, since traces leave the host; http is for this host alone.")


def _backend(name: str, known: Mapping[str, Any]) -> Backend:
    kind = known["type"]
    signals = tuple(signal for signal in SIGNALS if signal in known.get("signals", ("traces",)))
    if kind == "xray":
        domain = "amazonaws.com.cn" if known["region"].startswith("cn-") else "amazonaws.com"
        services = {signal: _AWS_SERVICES[signal] for signal in signals}
        addresses = {
            signal: f"https://{service}.{known['region']}.{domain}/v1/{signal}" for signal, service in services.items()
        }
        return Backend(name, kind, signals, "http", addresses, region=known["region"], services=services)
    headers: dict[str, str] = {}
    secrets: dict[str, str] = {}
    if kind == "newrelic":
        base = _NEW_RELIC[known.get("site", "us")]
        headers, secrets = {"api-key": "{0}"}, {"api-key": known["key"]}
    elif kind == "datadog":
        base = f"https://otlp.{known.get('site', _DATADOG[0])}"
        headers, secrets = {"dd-api-key": "{0}", "compute_stats": "true"}, {"dd-api-key": known["key"]}
    elif kind == "dynatrace":
        base = f"https://{known['environment']}.live.dynatrace.com/api/v2/otlp"
        headers, secrets = {"Authorization": "Api-Token {0}"}, {"Authorization": known["key"]}
    else:
        base = known["endpoint"]
        secrets = {str(header).lower(): str(value) for header, value in (known.get("headers") or {}).items()}
        headers = dict.fromkeys(secrets, "{0}")
    base = str(known.get("endpoint", base)).rstrip("/")
    grpc = known.get("protocol") == "grpc"
    endpoints = {signal: base if grpc else f"{base}/v1/{signal}" for signal in signals}
    return Backend(
        name,
        kind,
        signals,
        "grpc" if grpc else "http",
        endpoints,
        headers,
        secrets,
        delta=kind in ("datadog", "dynatrace"),
    )
