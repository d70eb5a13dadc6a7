# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a service says of its web front end, checked. Pure.

Everything there ends up in pages that anybody can read. Identifiers that vendors make for browsers are public; keys
that are not look alike at first glance, so that what is recognisably one of those is refused, and never shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from .spec import Checker, Place, listed

#: The backends that a front end may report to, in the catalogue's order.
BACKENDS = ("cloudwatch", "newrelic", "datadog", "dynatrace", "otlp")

_UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_REGION = r"[a-z]{2}(-[a-z]+)+-\d"
#: Keys that must never be in a page, by their form, with what to use instead.
_SECRETS = (
    (r"\bdt0[a-z]\d\d\.", "an API token of Dynatrace", "the tag needs none"),
    (r"\bNRA[KA]-|\bNRI[IQ]-|\bNRSP-", "a key of New Relic that is not for browsers", "take the browser key, NRJS-…"),
    (r"(?i)\b[0-9a-z]{36}nral\b", "a licence key of New Relic", "take the browser key, NRJS-…"),
    (r"\b(AKIA|ASIA)[A-Z0-9]{16}\b", "an access key of AWS", "CloudWatch RUM needs none"),
    (r"-----BEGIN ", "a private key", "nothing here needs one"),
)
#: What the option of a backend must look like: a pattern, and what to say of another.
_FORMS: dict[str, dict[str, tuple[str, str]]] = {
    "cloudwatch": {
        "app_monitor": (_UUID, "the id of an app monitor, a UUID"),
        "region": (_REGION, "a Region such as eu-central-1"),
        "identity_pool": (f"{_REGION}:{_UUID}", "the id of an identity pool, such as eu-central-1:UUID"),
        "guest_role": (r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+", "the ARN of a role"),
        "client_version": (r"\d+\.(x|\d+\.(x|\d+))", "a version of the web client, such as 3.x or 3.2.1"),
    },
    "newrelic": {
        "account": (r"\d+", "an account's number"),
        "trust_account": (r"\d+", "an account's number"),
        "application": (r"\d+", "the application's number"),
        "browser_key": (r"NRJS-[0-9a-f]{19}|[0-9a-f]{10}", "the browser key, NRJS-… or ten hexadecimal digits"),
    },
    "datadog": {
        "application": (_UUID, "the id of a RUM application, a UUID"),
        "client_token": (r"pub[0-9a-f]{32}", "a client token, which begins with pub"),
    },
}
_HEX_KEYS = {32: "an API key of Datadog", 40: "an application key of Datadog or a licence key of New Relic"}
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def check(rum: Mapping[str, Any], place: Place, checker: Checker) -> None:
    """Report what is wrong with ``apm.rum``, whose keys and types have been checked already."""
    found = len(checker.problems)
    for where, text in _texts(rum, place):
        _secret(where, text, checker)
    if len(checker.problems) > found:  # Other sentences might show what these do not.
        return
    if not any(rum.get(backend) for backend in BACKENDS):
        checker.report(f"{place} needs a backend: {listed(BACKENDS, 'or')}.", rum)
    sample = rum.get("sample")
    if sample is not None and not 0 <= sample <= 1:
        checker.report(f"{place.key('sample')} must be between 0 and 1, not {sample}.", sample)
    for position, origin in enumerate(rum.get("tracing_origins") or ()):
        if not _is_origin(origin):
            checker.report(
                f"{place.key('tracing_origins')}[{position + 1}] must be an origin such as https://api.example.com, "
                f"without a path, not '{origin}'.",
                origin,
            )
    for backend, forms in _FORMS.items():
        for name, (pattern, meaning) in forms.items():
            value = (rum.get(backend) or {}).get(name)
            if value is not None and not re.fullmatch(pattern, str(value)):
                checker.report(f"{place.key(backend).key(name)} must be {meaning}.", value)
    _cloudwatch(rum.get("cloudwatch") or {}, place.key("cloudwatch"), checker)
    tag = (rum.get("dynatrace") or {}).get("tag")
    if tag is not None and not (_is_address(tag) and urlsplit(tag).path.endswith(".js")):
        checker.report(f"{place.key('dynatrace').key('tag')} must be the address in the tag's src, https://….js.", tag)
    endpoint = (rum.get("otlp") or {}).get("endpoint")
    if endpoint is not None and not _is_address(endpoint):
        checker.report(
            f"{place.key('otlp').key('endpoint')} must be a web address that browsers reach, such as "
            "https://otlp.example.com; http is for this machine alone.",
            endpoint,
        )


def _cloudwatch(given: Mapping[str, Any], place: Place, checker: Checker) -> None:
    pool, region = given.get("identity_pool"), given.get("region")
    if pool and region and not str(pool).startswith(f"{region}:"):
        checker.report(f"{place.key('identity_pool')} is not in the Region of the app monitor, {region}.", pool)
    if given.get("guest_role") and not pool:
        checker.report(f"{place.key('guest_role')} has no meaning without identity_pool; add that, or remove it.")


def _texts(value: Any, place: Place) -> Iterator[tuple[Place, str]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _texts(item, place.key(key))
    elif isinstance(value, list):
        for position, item in enumerate(value):
            yield from _texts(item, place.item(position, item))
    elif isinstance(value, str):
        yield place, value


def _secret(place: Place, text: str, checker: Checker) -> None:
    for pattern, what, instead in _SECRETS:
        if re.search(pattern, text):
            checker.report(f"{_shown(place)} is {what}, which everybody could read in the page; {instead}.")
            return
    if re.fullmatch(r"[0-9a-fA-F]+", text) and len(text) in _HEX_KEYS:
        checker.report(
            f"{_shown(place)} looks like {_HEX_KEYS[len(text)]}, which everybody could read in the page; take the "
            "one that is made for browsers."
        )


def _shown(place: Place) -> Place:
    """A place without what it has of a list's element, which may be the secret itself."""
    return Place(place.subject, re.sub(r"\[.*", "", place.keys, flags=re.DOTALL))


def _is_origin(value: str) -> bool:
    return _is_address(value, plain=True) and re.fullmatch(r"https?://[A-Za-z0-9.:\[\]-]+", value) is not None


def _is_address(value: str, plain: bool = False) -> bool:
    """Whether that is a web address without a login, a query or a fragment.

    :param plain: whether http is good enough elsewhere than on this machine.
    """
    try:
        parts = urlsplit(value)
        host, _port = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or parts.username or parts.password or parts.query or parts.fragment:
        return False
    if re.search(r"[^\x21-\x7e]|[\"'<>;,\\]", value):  # What would end a directive of a policy, or an attribute.
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and (plain or host in _LOOPBACK))
