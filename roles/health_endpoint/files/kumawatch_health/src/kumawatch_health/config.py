# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration: YAML in, dataclasses out, a sentence for each mistake. Pure: the environment is given to it."""

from __future__ import annotations

import ipaddress
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import yaml

from .results import Limits, Status

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_CODES = re.compile(r"\d{3}(-\d{3})?")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


class ConfigError(Exception):
    """The configuration has mistakes; each is one line."""


@dataclass(frozen=True)
class Option:
    """One key of a check: its type, whether it is needed, what it is when it is not given.

    nested: what is in it is read later, with its variables.
    """

    kind: type | tuple[type, ...]
    required: bool = False
    default: Any = None
    secret: bool = False
    choices: tuple[Any, ...] = ()
    nested: bool = False


NUMBER = (int, float)

#: What each kind of check takes besides the common keys.
KINDS: dict[str, dict[str, Option]] = {
    "postgresql": {
        "dsn": Option(str, required=True, secret=True),
        "query": Option(str, default="SELECT 1"),
        "value": Option(dict),
    },
    "mysql": {
        "dsn": Option(str, required=True, secret=True),
        "query": Option(str, default="SELECT 1"),
        "value": Option(dict),
    },
    "redis": {"url": Option(str, required=True, secret=True), "replica_lag": Option(dict)},
    "rabbitmq": {"url": Option(str, required=True, secret=True), "queue": Option(str), "messages": Option(dict)},
    "http": {
        "url": Option(str, required=True, secret=True),
        "method": Option(str, default="GET", choices=("GET", "HEAD", "POST", "OPTIONS")),
        "headers": Option(dict, default={}, secret=True),
        "status_codes": Option(list, default=["200-299"]),
        "keyword": Option(str),
        "ca_file": Option(str),
        "verify": Option(bool, default=True),
    },
    "tcp": {"host": Option(str, required=True), "port": Option(int, required=True)},
    "tls": {
        "host": Option(str, required=True),
        "port": Option(int, default=443),
        "server_name": Option(str),
        "ca_file": Option(str),
        "days": Option(dict, default={"warn": 21, "fail": 7}),
    },
    "dns": {
        "hostname": Option(str, required=True),
        "record_type": Option(str, default="A"),
        "resolver": Option(str),
        "port": Option(int, default=53),
        "expected": Option(list),
    },
    "disk": {
        "path": Option(str, default="/"),
        "used_percent": Option(dict, default={"warn": 80, "fail": 90}),
        "inodes_percent": Option(dict, default={"warn": 80, "fail": 95}),
    },
    "process": {
        "process": Option(str),
        "pid_file": Option(str),
        "command_line": Option(str),
        "count": Option(dict, default={"fail": 1}),
    },
    "docker": {"container": Option(str, required=True), "socket": Option(str, default="/var/run/docker.sock")},
    "command": {
        "command": Option(list, required=True),
        "warn_codes": Option(list, default=[]),
        "environment": Option(dict, default={}, secret=True),
    },
}
#: How the addresses of a kind may begin.
SCHEMES: dict[str, dict[str, tuple[str, ...]]] = {
    **{kind: {} for kind in KINDS},
    "postgresql": {"dsn": ("postgresql", "postgres")},
    "mysql": {"dsn": ("mysql", "mariadb")},
    "redis": {"url": ("redis", "rediss", "unix")},
    "rabbitmq": {"url": ("amqp", "amqps")},
    "http": {"url": ("http", "https")},
}
#: Options that are limits below which a value is bad.
_BELOW = {"days", "count"}
#: Options that are limits.
_LIMITS = {"days", "count", "used_percent", "inodes_percent", "value", "replica_lag", "messages"}

COMMON: dict[str, Option] = {
    "name": Option(str, required=True),
    "type": Option(str, required=True),
    "timeout": Option(NUMBER, default=3.0),
    "critical": Option(bool, default=True),
    "interval": Option(NUMBER),
    "latency": Option(dict),
    "groups": Option(list, default=[]),
}


NO_LIMITS = Limits()


@dataclass(frozen=True)
class Check:
    """One check.

    :param options: what its kind takes; limits are :class:`Limits`.
    :param latency: limits of the seconds that it takes.
    :param groups: it is part of ``/health/GROUP`` for each.
    """

    name: str
    kind: str
    timeout: float
    critical: bool
    interval: float
    options: Mapping[str, Any] = field(repr=False, hash=False)
    latency: Limits = NO_LIMITS
    groups: frozenset[str] = frozenset()
    #: Texts that must not be seen in what it says.
    secrets: frozenset[str] = field(default=frozenset(), repr=False)


@dataclass(frozen=True)
class Config:
    """The whole configuration.

    :param deadline: seconds within which every request is answered, whatever the checks do.
    :param stale_after: seconds after which a result is not trusted any more; at least three intervals of its check.
    :param tokens: whoever shows one of them sees details.
    :param networks: whoever comes from one of them sees details.
    """

    service: str
    version: str = ""
    description: str = ""
    host: str = "127.0.0.1"
    port: int = 8085
    socket: str = ""
    deadline: float = 5.0
    stale_after: float = 60.0
    tokens: tuple[str, ...] = field(default=(), repr=False)
    networks: tuple[Network, ...] = ()
    trusted_proxies: tuple[Network, ...] = ()
    checks: tuple[Check, ...] = ()

    @property
    def groups(self) -> frozenset[str]:
        return frozenset(group for check in self.checks for group in check.groups)


TOP: dict[str, Option] = {
    "service": Option(str, required=True),
    "version": Option((str, int, float), default=""),
    "description": Option(str, default=""),
    "listen": Option(dict, default={}, nested=True),
    "deadline": Option(NUMBER, default=5.0),
    "interval": Option(NUMBER, default=15.0),
    "stale_after": Option(NUMBER, default=60.0),
    "details": Option(dict, default={}, nested=True),
    "trusted_proxies": Option(list, default=[]),
    "checks": Option(list, default=[], nested=True),
}
LISTEN: dict[str, Option] = {
    "host": Option(str, default="127.0.0.1"),
    "port": Option(int, default=8085),
    "socket": Option(str),
}
DETAILS: dict[str, Option] = {
    "tokens": Option(list, default=[], secret=True),
    "networks": Option(list, default=["127.0.0.0/8", "::1/128"]),
}
LIMIT: dict[str, Option] = {"warn": Option(NUMBER), "fail": Option(NUMBER), "below": Option(bool)}

_WORDS = {
    str: "text",
    int: "a whole number",
    bool: "true or false",
    list: "a list",
    dict: "a mapping",
    NUMBER: "a number",
}


def parse(text: str, environment: Mapping[str, str]) -> Config:
    """The configuration in ``text``.

    ``${NAME}`` stands for a variable of ``environment``, so that the file holds no secrets.

    :raises ConfigError: with all mistakes.
    """
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark is not None else ""
        raise ConfigError(f"The configuration is no YAML{where}: {getattr(error, 'problem', None) or error}.") from None
    return _Reader(environment).config(data)


class _Reader:
    """Reads and collects what is wrong."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = environment
        self.problems: list[str] = []
        self.found: set[str] = set()

    def config(self, data: Any) -> Config:
        top = self.mapping(data, TOP, "")
        listen = self.mapping(top.get("listen") or {}, LISTEN, "listen")
        details = self.mapping(top.get("details") or {}, DETAILS, "details")
        interval = self.positive(top.get("interval"), "interval")
        checks = []
        names: dict[str, int] = {}
        for position, item in enumerate(top.get("checks") or (), 1):
            check = self.check(item, position, interval)
            if check is None:
                continue
            if check.name in names:
                self.problems.append(
                    f"check '{check.name}' is declared twice, as checks {names[check.name]} and {position}: rename one."
                )
            names.setdefault(check.name, position)
            checks.append(check)
        port = listen.get("port", 8085)
        if not 0 <= port < 65536:
            self.problems.append(f"listen.port must be from 0 to 65535, not {port}.")
        config = Config(
            service=str(top.get("service") or ""),
            version=str(top.get("version") or ""),
            description=str(top.get("description") or ""),
            host=str(listen.get("host") or ""),
            port=port,
            socket=str(listen.get("socket") or ""),
            deadline=self.positive(top.get("deadline"), "deadline"),
            stale_after=self.positive(top.get("stale_after"), "stale_after"),
            tokens=self.tokens(details.get("tokens") or ()),
            networks=self.networks(details.get("networks") or (), "details.networks"),
            trusted_proxies=self.networks(top.get("trusted_proxies") or (), "trusted_proxies"),
            checks=tuple(checks),
        )
        if self.problems:
            raise ConfigError("\n".join(self.problems))
        return config

    def check(self, item: Any, position: int, interval: float) -> Check | None:
        name = item.get("name") if isinstance(item, Mapping) else None
        who = f"check '{name}'" if isinstance(name, str) and name else f"check {position}"
        if not isinstance(item, Mapping):
            self.problems.append(f"{who} must be a mapping.")
            return None
        kind = item.get("type")
        if kind not in KINDS:
            self.problems.append(
                f"{who} needs a type: one of {', '.join(KINDS)}." if kind is None else
                f"{who}: type '{kind}' is not known{self.meant(str(kind), KINDS)}"
            )  # fmt: skip
            return None
        before = set(self.found)
        self.found = set()
        given = self.mapping(item, {**COMMON, **KINDS[kind]}, who)
        secrets, self.found = self.found, before
        if isinstance(name, str) and not _NAME.fullmatch(name):
            self.problems.append(f"{who}: name must consist of letters, digits, dots, hyphens and underscores.")
        options: dict[str, Any] = {
            key: self.limits(value, key, who) if key in _LIMITS else value
            for key, value in given.items()
            if key in KINDS[kind]
        }
        if kind == "process" and not any(options.get(key) for key in ("process", "pid_file", "command_line")):
            self.problems.append(f"{who} needs process, pid_file or command_line.")
        if kind == "command" and not all(isinstance(word, str) for word in options.get("command") or ()):
            self.problems.append(f"{who}: command must be a list of texts; put numbers in quotes.")
        for key, schemes in SCHEMES[kind].items():
            address = options.get(key)
            if (
                isinstance(address, str)
                and address
                and not address.lower().startswith(tuple(f"{s}://" for s in schemes))
            ):
                self.problems.append(f"{who}: {key} must begin with {' or '.join(f'{s}://' for s in schemes)}.")
        if not 0 < (1 if options.get("port") is None else options["port"]) < 65536:
            self.problems.append(f"{who}: port must be from 1 to 65535, not {options['port']}.")
        if options.get("resolver") and not _is_address(options["resolver"]):
            self.problems.append(f"{who}: resolver must be an IP address, not '{options['resolver']}'.")
        for code in options.get("status_codes") or ():
            if not _CODES.fullmatch(str(code)):
                self.problems.append(f"{who}: status_codes: '{code}' is no status code and no range such as 200-299.")
        own = given.get("interval")
        return Check(
            name=str(name),
            kind=kind,
            timeout=self.positive(given.get("timeout"), f"{who}: timeout"),
            critical=bool(given.get("critical")),
            interval=interval if own is None else self.positive(own, f"{who}: interval"),
            options=options,
            latency=self.limits(given.get("latency"), "latency", who) or NO_LIMITS,
            groups=frozenset(str(group) for group in given.get("groups") or []),
            secrets=frozenset(secrets | _passwords(options)),
        )

    def mapping(self, data: Any, options: Mapping[str, Option], who: str) -> dict[str, Any]:
        """The known keys, checked, with defaults."""
        separator = ": " if who.startswith("check") else "." if who else ""
        if not isinstance(data, Mapping):
            self.problems.append(f"{who or 'The configuration'} must be a mapping.")
            return {}
        made: dict[str, Any] = {}
        for key, value in data.items():
            if key not in options:
                self.problems.append(f"{who}{separator}{key} is not a known key{self.meant(str(key), options)}")
            elif value is not None:
                if not options[key].nested:
                    value = self.resolved(value, f"{who}{separator}{key}", options[key].secret)
                made[key] = value
                if not self.fits(value, options[key].kind):
                    self.problems.append(f"{who}{separator}{key} must be {_WORDS.get(options[key].kind, 'text')}.")
                    made[key] = options[key].default
                elif options[key].choices and value not in options[key].choices:
                    self.problems.append(
                        f"{who}{separator}{key} must be one of {', '.join(map(str, options[key].choices))}."
                    )
        for key, option in options.items():
            if option.required and made.get(key) in (None, ""):
                self.problems.append(f"{who or 'The configuration'} needs '{key}'.")
            made.setdefault(key, option.default)
        return made

    @staticmethod
    def fits(value: Any, kind: type | tuple[type, ...]) -> bool:
        if isinstance(value, bool):
            return kind is bool
        return isinstance(value, kind)

    @staticmethod
    def meant(name: str, known: Mapping[str, Any]) -> str:
        close = get_close_matches(name, list(known), 1, 0.6)
        return f"; did you mean '{close[0]}'?" if close else f"; known are {', '.join(sorted(known))}."

    def resolved(self, value: Any, where: str, secret: bool) -> Any:
        """``value`` with its variables replaced, at any depth."""
        if isinstance(value, str):

            def replace(match: re.Match[str]) -> str:
                if match[1] not in self.environment:
                    self.problems.append(f"{where} names the variable {match[1]}, which is not set in the environment.")
                    return ""
                self.found.add(self.environment[match[1]])
                return self.environment[match[1]]

            return _VARIABLE.sub(replace, value)
        if isinstance(value, Mapping):
            made = {key: self.resolved(item, where, secret) for key, item in value.items()}
            if secret:
                self.found.update(str(item) for item in made.values())
            return made
        if isinstance(value, Sequence):
            return [self.resolved(item, where, secret) for item in value]
        return value

    def limits(self, value: Any, key: str, who: str) -> Limits | None:
        if value is None:
            return None
        given = self.mapping(value, LIMIT, f"{who}: {key}")
        below = given.get("below")
        made = Limits(given.get("warn"), given.get("fail"), key in _BELOW if below is None else below)
        if made.warn is not None and made.fail is not None and made.judge(made.warn) is Status.FAIL:
            order = "below" if made.below else "above"
            self.problems.append(f"{who}: {key}: fail ({made.fail}) must be {order} warn ({made.warn}).")
        return made

    def positive(self, value: Any, where: str) -> float:
        if value is None:
            return 1.0
        if not 0 < value < math.inf:
            self.problems.append(f"{where} must be greater than 0, not {value}.")
            return 1.0
        return float(value)

    def tokens(self, values: Sequence[Any]) -> tuple[str, ...]:
        if any(not isinstance(value, str) or len(value) < 16 for value in values):
            self.problems.append("details.tokens must be texts of at least 16 characters.")
        return tuple(str(value) for value in values)

    def networks(self, values: Sequence[Any], where: str) -> tuple[Network, ...]:
        made = []
        for value in values:
            try:
                made.append(ipaddress.ip_network(str(value), strict=False))
            except ValueError:
                self.problems.append(f"{where}: '{value}' is no network such as 10.0.0.0/8.")
        return tuple(made)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _passwords(options: Mapping[str, Any]) -> set[str]:
    """The logins inside the addresses of a check."""
    made = set()
    for key in ("dsn", "url"):
        value = options.get(key)
        if isinstance(value, str):
            try:
                parts = urlsplit(value)
            except ValueError:
                continue
            query = [value for key, value in parse_qsl(parts.query) if "pass" in key.lower()]
            made |= {part for text in (parts.password, *query) if text for part in (text, unquote(text))}
    return made
