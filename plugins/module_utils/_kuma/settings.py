# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""General settings of a server: what is declared, what it has, and the one call that changes them."""

from __future__ import annotations

import contextlib
import difflib
import re
import zoneinfo
from collections.abc import Mapping
from typing import Any

from .._errors import InputError, KumawatchError
from .._reconcile import Actual, Desired, Plan, Update
from .bulk import Change, Kind
from .client import CallFailed, KumaClient
from .entries import values
from .fields import SETTINGS, Field, Version, normal, settings_from, to_wire, version_text
from .state import State

#: The server's own word for these settings, and the label of the one object that they are.
GENERAL = "general"

_PAGE = re.compile(r"statusPage-(\S+)")
_FIELDS = {item.option: item for item in SETTINGS}
_OFFSET = re.compile(r"[+-]\d{2}:?\d{2}")


def option_args() -> dict[str, dict[str, Any]]:
    """The argument spec of the settings."""
    spec: dict[str, dict[str, Any]] = {}
    for item in SETTINGS:
        spec[item.option] = {"type": item.type, "no_log": item.secret}
        if item.elements:
            spec[item.option]["elements"] = item.elements
    return spec


def declared(options: Mapping[str, Any], version: Version, asked: bool = True) -> dict[str, Any]:
    """The settings that are set, checked and normalised.

    :param options: every option of the module; ``None`` is not set.
    :param asked: whether ``version`` is the server's, not our guess of one that has no user yet.
    :raises KumawatchError: one cannot be right, or is not known to this version.
    """
    given = {option: value for option, value in options.items() if option in _FIELDS and value is not None}
    for option in given:
        until = _FIELDS[option].until
        if asked and until is not None and version >= until:
            raise KumawatchError(
                f"settings: option '{option}' is gone since Uptime Kuma {version_text(until)}; the server has "
                f"{version_text(version)}: leave this out."
            )
    properties = values(given, SETTINGS, version, "settings")
    for option, value in properties.items():
        _check_value(_FIELDS[option], value)
    return properties


def _check_value(item: Field, value: Any) -> None:
    if item.elements == "int":
        for days in value:
            if days < 1:
                raise InputError(f"settings: {item.option} has {days}, which is no number of days to come: correct it.")
    if item.option == "entry_page" and value != "dashboard" and not _PAGE.fullmatch(value):
        raise InputError(
            f"settings: entry_page '{value}' is neither dashboard nor statusPage- and the slug of a status page: "
            f"correct it."
        )
    if item.option == "primary_base_url" and value and not re.match(r"https?://[^/]", value):
        raise InputError(
            f"settings: primary_base_url '{value}' is not an http:// or https:// address: give it in full, e.g. "
            f"https://status.example.com."
        )
    if item.option == "server_timezone":
        _check_timezone(value)


def _check_timezone(value: str) -> None:
    """Refuse what is no time zone: the server stores it first and looks at it then."""
    known = {name.lower(): name for name in zoneinfo.available_timezones()}
    if not known or value.lower() in known or _OFFSET.fullmatch(value):
        return
    near = difflib.get_close_matches(value.lower(), known, 1)
    hint = f"did you mean {known[near[0]]}?" if near else "give a name such as Europe/Berlin."
    raise InputError(f"settings: server_timezone '{value}' is no time zone: {hint}")


def payload(data: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """What ``setSettings`` takes to change some settings and leave the others.

    :param data: what ``getSettings`` answered.
    :param changes: new values by option.
    """
    # The server acts on some that are not sent: it would forget its entry page and stop a service. A time zone that it
    # only guessed would become a setting.
    kept = {key: value for key, value in data.items() if key != "serverTimezone"}
    for item in (_FIELDS["entry_page"], _FIELDS["nscd"]):
        if kept.get(item.wire) is None:
            kept[item.wire] = item.default
    return {**kept, **{_FIELDS[option].wire: to_wire(_FIELDS[option], value) for option, value in changes.items()}}


class Settings(Kind):
    """The general settings, as one object that is always there."""

    noun = "settings"
    secrets = frozenset(item.option for item in SETTINGS if item.secret)

    def __init__(self, options: Mapping[str, Any], password: str | None = None) -> None:
        """``options``: those of the module; ``password``: of the user, which switching authentication off needs."""
        super().__init__()
        self.options = options
        self.password = password
        page = _PAGE.fullmatch(options.get("entry_page") or "")
        self.page = page[1] if page else ""
        self.lists = ("status_pages",) if self.page else ()  # type: ignore[misc]
        self._data: dict[str, Any] = {}

    async def read(self, client: KumaClient) -> None:
        self._data = dict((await client.call("getSettings"))["data"])

    def desired(self, state: State, version: Version) -> list[Desired]:
        asked = "version" in (state.info or {})
        return [Desired(GENERAL, GENERAL, 0, declared(self.options, version, asked))]

    def actual(self, state: State) -> list[Actual]:
        found = settings_from(self._data, self._version)
        properties = {option: normal(_FIELDS[option], value) for option, value in found.items()}
        return [Actual(GENERAL, GENERAL, None, properties)]

    def equal(self, name: str, before: Any, after: Any) -> bool:
        return bool((normal(_FIELDS[name], None) if before is None else before) == after)

    def exported(self, state: State, version: Version) -> list[dict[str, Any]]:
        return [
            {option: value for option, value in settings_from(self._data, version).items() if value not in (None, "")}
        ]

    def plan(self, state: State, version: Version) -> Plan:
        self._version = version
        decided = super().plan(state, version)
        for change in decided.update:
            self._check(change, state)
        return decided

    def _check(self, change: Update, state: State) -> None:
        if "disable_auth" in change.differences and change.differences["disable_auth"].after and not self.password:
            raise InputError(
                "settings: disable_auth needs the user's password to switch authentication off: set api_password."
            )
        slugs = {page["slug"] for page in (state.status_pages or {}).values()}
        if "entry_page" in change.differences and self.page and self.page not in slugs:
            # No error: in check mode an earlier task may be about to create it.
            self.warnings.append(
                f"settings: entry_page names the status page '{self.page}', which is not on the server (yet)."
            )

    async def apply(self, client: KumaClient, change: Change) -> None:
        if not isinstance(change, Update):  # the one object is always there, and nothing else is planned
            return
        changes = {option: difference.after for option, difference in change.differences.items()}
        try:
            await client.call("setSettings", payload(self._data, changes), self.password or "")
        except CallFailed as error:
            if error.reason == "Incorrect current password":
                raise KumawatchError(
                    "disable_auth needs the user's password to switch authentication off, and the server refused "
                    "api_password: correct it."
                ) from None
            # It stores first and objects then: put back what it had.
            with contextlib.suppress(KumawatchError):
                former = {_FIELDS[option].wire: self._data.get(_FIELDS[option].wire) for option in changes}
                await client.call("setSettings", {**payload(self._data, {}), **former}, self.password or "")
            raise
