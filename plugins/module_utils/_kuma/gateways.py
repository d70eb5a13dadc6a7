# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What monitors reach their targets through: Docker hosts, proxies, remote browsers.

To the server the three are one thing: an address under a name, saved as a whole, pushed to everybody when it changes,
and taken out of the monitors that used it when it goes. None has a field that could bear a mark of ownership, so only
what is declared is touched.

The functions are pure; what talks to the server is in the methods ``read`` and ``apply``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from .._errors import InputError
from .._reconcile import ABSENT, Actual, Create, Delete, Desired, Update
from .bulk import Change, Kind
from .client import KumaClient
from .entries import add, given, ignored, known
from .fields import V1_23, V2_0, Version
from .state import State


class Gateways(Kind):
    """One kind of them. A subclass says how its fields are called."""

    #: Attribute of :class:`State` that holds them.
    where: ClassVar[str]
    #: The calls that save and delete one.
    calls: ClassVar[tuple[str, str]]
    #: Option → key on the wire.
    fields: ClassVar[Mapping[str, str]]
    #: Options that a new one needs.
    required: ClassVar[tuple[str, ...]] = ()
    since: ClassVar[Version] = V1_23

    def __init__(self, entries: Sequence[Mapping[str, Any]]) -> None:
        super().__init__()
        self.entries = entries

    @staticmethod
    def name(options: Mapping[str, Any]) -> str:
        """What one is known by, from an entry or from the server's JSON."""
        return str(options["name"])

    @classmethod
    def check(cls, options: dict[str, Any], who: str) -> None:
        """Refuse what cannot be right."""

    @classmethod
    def properties(cls, item: Mapping[str, Any]) -> dict[str, Any]:
        """The options from the server's JSON."""
        return {option: item.get(key) or "" for option, key in cls.fields.items()}

    @classmethod
    def payload(cls, name: Any, properties: Mapping[str, Any]) -> dict[str, Any]:
        """What the server takes: the whole, since what is left out is lost."""
        return {"name": name, **{key: properties.get(option) for option, key in cls.fields.items()}}

    def desired(self, state: State, version: Version) -> list[Desired]:
        existing = {self.name(item) for item in (getattr(state, self.where) or {}).values()}
        result = []
        for position, entry in enumerate(self.entries):
            name = self.name(entry)
            who = f"{self.noun} '{name}'"
            options = given(entry)
            leave = ignored(entry, self.fields, who, self.noun)
            properties: dict[str, Any] = {}
            if options.get("state") != ABSENT:
                properties = {option: options[option] for option in self.fields if option in options}
                self.check(properties, who)
                lacking = [option for option in self.required if not properties.get(option) and option in properties]
                if lacking:
                    raise InputError(f"{who}: {lacking[0]} is empty: give it a value.")
                lacking = [option for option in self.required if option not in properties]
                if lacking and name not in existing:
                    raise InputError(f"{who} does not exist yet and needs {add(lacking)}")
            result.append(Desired(name, name, position, properties, options.get("state", "present"), leave))
        return result

    def actual(self, state: State) -> list[Actual]:
        return [
            Actual(self.name(item), self.name(item), ident, self.properties(item))
            for ident, item in (getattr(state, self.where) or {}).items()
        ]

    @classmethod
    def export(cls, item: Actual) -> dict[str, Any]:
        """The entry that declares one as it is. Secrets are in it."""
        return {"name": item.key, **item.properties}

    async def read(self, client: KumaClient) -> None:
        known(f"a {self.noun}", self.since, client.version)
        await client.wait_for(self.where)

    async def apply(self, client: KumaClient, change: Change) -> None:
        save, delete = self.calls
        if isinstance(change, Create):
            await client.call(save, self.payload(change.desired.key, change.desired.properties), None)
        elif isinstance(change, Update):
            after = {name: difference.after for name, difference in change.differences.items()}
            whole = self.payload(change.actual.key, {**change.actual.properties, **after})
            await client.call(save, whole, change.actual.ident)
        elif isinstance(change, Delete):
            await client.call(delete, change.actual.ident)


class DockerHosts(Gateways):
    """Docker daemons that tell of their containers."""

    noun = "docker host"
    where = "docker_hosts"
    lists = ("docker_hosts",)
    calls = ("addDockerHost", "deleteDockerHost")
    fields = {"connection": "dockerType", "daemon": "dockerDaemon"}
    required = ("connection", "daemon")


class Proxies(Gateways):
    """Proxies. They have no name: one is known by its address, as ``http://proxy.example.com:3128``."""

    noun = "proxy"
    where = "proxies"
    lists = ("proxies",)
    calls = ("addProxy", "deleteProxy")
    fields = {"username": "username", "password": "password", "default": "default"}
    secrets = frozenset({"password"})

    @staticmethod
    def name(options: Mapping[str, Any]) -> str:
        return f"{options['protocol']}://{options['host']}:{options['port']}"

    @classmethod
    def check(cls, options: dict[str, Any], who: str) -> None:
        if options.get("username") == "":
            if options.get("password"):
                raise InputError(f"{who} has a password and an empty username: set username, or remove password.")
            options["password"] = ""

    @classmethod
    def properties(cls, item: Mapping[str, Any]) -> dict[str, Any]:
        enters = bool(item.get("auth"))
        return {
            "username": str(item.get("username") or "") if enters else "",
            "password": str(item.get("password") or "") if enters else "",
            "default": bool(item.get("default")),
        }

    @classmethod
    def payload(cls, name: Any, properties: Mapping[str, Any]) -> dict[str, Any]:
        protocol, host, port = _address(name)
        username = properties.get("username") or ""
        return {
            "protocol": protocol,
            "host": host,
            "port": port,
            "auth": bool(username),
            "username": username,
            "password": properties.get("password") or "",
            "default": bool(properties.get("default")),
            "active": True,  # the server knows no other value
            "applyExisting": False,
        }

    @classmethod
    def export(cls, item: Actual) -> dict[str, Any]:
        protocol, host, port = _address(item.key)
        return {"protocol": protocol, "host": host, "port": port, **item.properties}

    def desired(self, state: State, version: Version) -> list[Desired]:
        result = super().desired(state, version)
        for entry in result:
            _check_port(entry)
        defaults = [entry for entry in result if entry.properties.get("default")]
        if len(defaults) > 1:
            raise InputError(
                f"proxies '{defaults[0].label}' and '{defaults[1].label}' are both declared default: decide for one."
            )
        existing = {item.key: item.properties for item in self.actual(state)}
        for entry in result:
            after = {**existing.get(entry.key, {}), **entry.properties}
            if after.get("password") and not after.get("username"):
                raise InputError(
                    f"proxy '{entry.label}' has a password and no username: set username, or remove password."
                )
        return result

    def stages(self, decided: Any) -> list[Sequence[Change]]:
        """The default last: the server takes that role from every other one."""
        changes = [*decided.create, *decided.update]

        def is_default(change: Any) -> bool:
            return bool(change.desired.properties.get("default"))

        return [
            [change for change in changes if not is_default(change)],
            [change for change in changes if is_default(change)],
            decided.delete,
        ]


def _address(name: str) -> tuple[str, str, int]:
    protocol, _slashes, rest = name.partition("://")
    host, _colon, port = rest.rpartition(":")
    return protocol, host, int(port)


def _check_port(entry: Desired) -> None:
    port = _address(entry.label)[2]
    if not 1 <= port <= 65535:
        raise InputError(f"proxy '{entry.label}': port {port} is not from 1 to 65535: correct it.")


class RemoteBrowsers(Gateways):
    """Browsers on other machines, for the monitor type real-browser."""

    noun = "remote browser"
    where = "remote_browsers"
    lists = ()  # 1.23 has none and sends no list of them; see read
    calls = ("addRemoteBrowser", "deleteRemoteBrowser")
    fields = {"url": "url"}
    required = ("url",)
    secrets = frozenset({"url"})  # services take their token in it
    since = V2_0
