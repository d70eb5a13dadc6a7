# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kuma_monitors against a real server."""

from __future__ import annotations

import asyncio
import copy
import json
import re
import sqlite3
import time
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.bulk import Outcome, reconcile
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.fields import (
    MONITOR_FIELDS,
    MONITOR_TYPES,
    REFERENCES,
    Field,
    Version,
    defaults,
    fields_of,
    is_editable,
    is_known,
    is_readable,
    normal,
)
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.monitors import Monitors
from tests.integration.tap import Tap

MODULE = "kuma_monitors"
SECRET = "opensesame"

Entry = dict[str, Any]
Result = dict[str, Any]


def http(name: str, **options: Any) -> Entry:
    return {"name": name, "type": "http", "url": f"http://127.0.0.1:9/{len(name)}", "interval": 3600, **options}


def group(name: str, **options: Any) -> Entry:
    return {"name": name, "type": "group", "interval": 3600, **options}


@pytest.fixture
def run(run_module: Any) -> Callable[..., Result]:
    """One run of the module that must not fail."""

    def go(monitors: list[Entry], **arguments: Any) -> Result:
        options = {
            key: arguments.pop(key) for key in list(arguments) if key not in ("check", "diff", "server", "login")
        }
        result: Result = run_module(MODULE, {"monitors": monitors, **options}, **arguments)
        assert not result["failed"], result["msg"]
        return result

    return go


@pytest.fixture
def fails(run_module: Any) -> Callable[..., Result]:
    """One run that must fail, in check mode as well as without."""

    def go(monitors: list[Entry], **options: Any) -> Result:
        predicted = run_module(MODULE, {"monitors": monitors, **options}, check=True)
        result: Result = run_module(MODULE, {"monitors": monitors, **options})
        assert result["failed"]
        assert predicted["failed"]
        assert predicted["msg"] == result["msg"]
        assert not result.get("changed")
        return result

    return go


WORDS = ("created", "updated", "deleted", "unchanged", "unmanaged", "adopted", "diff")


@pytest.fixture
def apply(run: Callable[..., Result]) -> Callable[..., Result]:
    """Predict, run, and run again: the prediction is exact, and the second run has nothing to do."""

    def go(monitors: list[Entry], **options: Any) -> Result:
        predicted = run(monitors, check=True, **options)
        result = run(monitors, **options)
        assert {word: predicted[word] for word in WORDS} == {word: result[word] for word in WORDS}
        assert predicted["changed"] == result["changed"]
        assert result["failures"] == []
        again = run(monitors, **options)
        assert not again["changed"], again["diff"]
        assert again["diff"] == []
        return result

    return go


def diff_of(result: Result, label: str) -> tuple[dict[str, Any], dict[str, Any]]:
    (found,) = [item for item in result["diff"] if f"monitor {label}" in (item["before_header"], item["after_header"])]
    return found["before"], found["after"]


def warnings_of(result: Result) -> list[str]:
    return [item if isinstance(item, str) else item["event"]["msg"] for item in result.get("warnings", ())]


def by_hand(kuma: Any, name: str, **options: Any) -> int:
    """Add a monitor as the web page does; returns its id."""
    payload = {
        "type": "http",
        "name": name,
        "url": "http://127.0.0.1:9/hand",
        "method": "GET",
        "interval": 3600,
        "retryInterval": 3600,
        "maxretries": 0,
        "timeout": 48,
        "notificationIDList": {},
        "accepted_statuscodes": ["200-299"],
        "kafkaProducerBrokers": [],
        "kafkaProducerSaslOptions": {"mechanism": "None"},
        **({"conditions": []} if kuma.version >= (2, 0, 0) else {}),
        **options,
    }
    return int(kuma.call("add", payload)["monitorID"])


def edit_by_hand(kuma: Any, label: str, **changes: Any) -> None:
    """Change a monitor as the web page does: the whole of it goes back."""
    monitor = kuma.monitors()[label]
    kuma.call("editMonitor", {**monitor, **changes})


def tag_by_hand(kuma: Any, ident: int, name: str, value: str | None) -> None:
    tag = kuma.call("addTag", {"name": name, "color": "#123456"})["tag"]
    kuma.call("addMonitorTag", tag["id"], ident, value)


def notification_by_hand(kuma: Any, name: str) -> int:
    payload = {"name": name, "type": "webhook", "webhookURL": "http://127.0.0.1:9/", "webhookContentType": "json"}
    return int(kuma.call("addNotification", {**payload, "isDefault": False, "applyExisting": False}, None)["id"])


def tags_of(monitor: dict[str, Any]) -> set[tuple[str, str]]:
    return {(tag["name"], tag["value"] or "") for tag in monitor["tags"]}


def notified(monitor: dict[str, Any]) -> set[int]:
    return {int(ident) for ident, on in monitor["notificationIDList"].items() if on}


# -- every type with every option --------------------------------------------------------------------------------------

# Two values for each option, neither of which is the default; the second is for the change.
VALUES: dict[str, tuple[Any, Any]] = {
    "interval": (3601, 3700),
    "retries": (2, 3),
    "retry_interval": (61, 75),
    "resend_interval": (4, 5),
    "timeout": (31, 12.5),
    "url": ("https://one.example.com/a?b=c", "https://two.example.com/"),
    "method": ("POST", "PUT"),
    "headers": ({"X-One": SECRET, "Accept": "text/plain"}, {"X-Two": SECRET}),
    "body": ({"one": [1, 2.5, None, "ü"]}, "just text"),
    "body_encoding": ("xml", "json"),
    "accepted_status_codes": (["301", "200-204"], ["204"]),
    "ip_family": ("ipv4", "ipv6"),
    "response_max_length": (2048, 0),
    "json_path": ("status", "$.other"),
    "auth_method": ("basic", "oauth2-cc"),
    "oauth_token_url": ("https://login.example.com/one", "https://login.example.com/two"),
    "hostname": ("one.example.com", "two.example.com"),
    "port": (1234, 4321),
    "packet_size": (64, 128),
    "ping_count": (2, 4),
    "ping_per_request_timeout": (3, 4),
    "dns_resolver": ("9.9.9.9", "8.8.8.8"),
    "push_token": ("1" * 16 + SECRET[:8] + "a" * 8, "2" * 32),
    "rabbitmq_nodes": (["https://b.example.com", "https://a.example.com"], ["https://a.example.com"]),
    "kafka_producer_brokers": (["b.example.com:9092", "a.example.com:9092"], ["a.example.com:9092"]),
    "kafka_producer_sasl_options": (
        {"mechanism": "plain", "username": "one", "password": SECRET},
        {"mechanism": "scram-sha-256", "username": "two", "password": SECRET},
    ),
    "grpc_body": ({"key": "one"}, {"key": "two"}),
    "grpc_metadata": ({"meta": "one"}, {"meta": "two"}),
    "grpc_url": ("one.example.com:50051", "two.example.com:50051"),
    "conditions": ([], []),
    "database_connection_string": (f"proto://joe:{SECRET}@db.example.com/one", f"proto://joe:{SECRET}@db/two"),
    "subtype": ("dns", "ping"),
    "snmp_version": ("1", "2c"),
    "gamedig_given_port_only": (False, True),
    "system_service_name": ("one.service", "two.service"),
    "smtp_security": ("starttls", "secure"),
    "location": ("germany", "france"),
    "ntp_stratum_threshold": (3, 4),
    "ntp_time_offset_threshold": (900, 800),
    "ntp_root_dispersion_threshold": (400, 300),
    "screenshot_delay": (500, 600),
}
CONDITIONS = {
    "dns": "record",
    "mqtt": "message",
    "sqlserver": "result",
    "mysql": "result",
    "oracledb": "result",
}


def two_values(item: Field, kind: str) -> tuple[Any, Any]:
    if item.option == "conditions":

        def condition(value: str) -> Entry:
            return {
                "type": "expression",
                "andOr": "and",
                "variable": CONDITIONS[kind],
                "operator": "equals",
                "value": value,
            }

        nested = {"type": "group", "andOr": "or", "children": [condition("three")]}
        return [condition("one"), nested], [condition("two"), condition("one")]
    if (kind, item.option) == ("mongodb", "database_query"):
        return '{"ping": 1}', '{"ping": 2}'
    if (kind, item.option) == ("ping", "timeout"):  # whole seconds to the server
        return 31, 12
    if item.option in VALUES:
        return VALUES[item.option]
    default = item.type_defaults.get(kind, item.default)
    if item.choices:
        others = [choice for choice in item.choices if choice != default]
        return others[0], others[1] if len(others) > 1 else default
    if item.type == "bool":
        return default is not True, default is True
    if item.type == "int":
        least = max(int(item.minimum or 0), default if isinstance(default, int) else 0)
        return least + 1, least + 2
    return f"{item.option} ü 'one'", f"{item.option} two"


def entries_of_every_type(version: Version) -> tuple[list[Entry], list[Entry]]:
    """A monitor of each type with every option of it, once with the first and once with the second values."""
    first, second = [], []
    for kind, about in MONITOR_TYPES.items():
        if not is_known(about, version):
            continue
        one: Entry = {"name": kind, "type": kind, "state": "paused"}
        two = dict(one)
        for item in fields_of(kind, version):
            a, b = two_values(item, kind)
            late = item.choices_since
            one[item.option] = a if not isinstance(a, str) or late.get(a, version) <= version else item.choices[0]
            two[item.option] = b if not isinstance(b, str) or late.get(b, version) <= version else item.choices[0]
        for reference in REFERENCES:
            if is_known(reference, version) and kind in reference.types:
                one[reference.option], two[reference.option] = REFERRED[reference.option]
        first.append(one)
        second.append(two)
    return first, second


REFERRED = {
    "proxy": ("http://one.example.com:3128", "socks5://two.example.com:1080"),
    "docker_host": ("one", "two"),
    "remote_browser": ("one", "two"),
}


def make_referred(kuma: Any) -> None:
    async def work(client: Any) -> None:
        for protocol, host, port in (("http", "one.example.com", 3128), ("socks5", "two.example.com", 1080)):
            proxy = {"protocol": protocol, "host": host, "port": port, "auth": False, "active": True, "default": False}
            await client.call("addProxy", {**proxy, "applyExisting": False}, None)
        for name in ("one", "two"):
            host = {"name": name, "dockerType": "tcp", "dockerDaemon": f"http://{name}.example.com:2375"}
            await client.call("addDockerHost", host, None)
            if client.version >= (2, 0, 0):
                await client.call("addRemoteBrowser", {"name": name, "url": f"wss://{name}.example.com/"}, None)

    kuma.talk(work)


def assert_stored(kuma: Any, entries: list[Entry], version: Version) -> None:
    """What the server sends is what was declared, option by option."""
    stored = kuma.monitors()
    for entry in entries:
        monitor = stored[entry["name"]]
        assert monitor["type"] == entry["type"]
        for item in fields_of(entry["type"], version):
            if is_readable(item, version):
                found = normal(item, monitor[item.read_key])
                assert found == normal(item, entry[item.option]), (entry["name"], item.option)


def test_every_type_with_every_option(kuma: Any, apply: Callable[..., Result]) -> None:
    make_referred(kuma)
    version = kuma.version
    first, second = entries_of_every_type(version)
    assert len(first) == sum(is_known(kind, version) for kind in MONITOR_TYPES.values())
    result = apply(first)
    assert result["created"] == sorted(entry["name"] for entry in first)
    assert SECRET not in json.dumps(result)
    assert_stored(kuma, first, version)

    changeable = without_the_unchangeable(first, second, version)
    result = apply(changeable, max_deletions=0)
    assert result["updated"] == sorted(entry["name"] for entry in first if len(entry) > 3)
    assert SECRET not in json.dumps(result)
    assert_stored(kuma, changeable, version)
    for old, new in zip(first, changeable, strict=True):
        before, after = diff_of(result, new["name"])
        expected = {
            option
            for option in new
            if option not in FIELDS or is_readable(FIELDS[option], version)
            if old[option] != new[option]
        }
        assert set(before) == set(after) == expected


FIELDS = {item.option: item for item in MONITOR_FIELDS}


def without_the_unchangeable(first: list[Entry], second: list[Entry], version: Version) -> list[Entry]:
    """The second, but as the first where the version does not change an option."""
    return [
        {option: value if is_changeable(option, version) else old[option] for option, value in new.items()}
        for old, new in zip(first, second, strict=True)
    ]


def is_changeable(option: str, version: Version) -> bool:
    return option not in FIELDS or is_editable(FIELDS[option], version)


@pytest.mark.slow
def test_every_option_changes_alone(kuma: Any) -> None:
    """One option of each monitor at a time: nothing else moves, whatever the server resets when it is left out."""
    make_referred(kuma)
    version = kuma.version
    now, goal = entries_of_every_type(version)
    goal = without_the_unchangeable(now, goal, version)

    def settle(entries: list[Entry]) -> Outcome:
        kind = Monitors(copy.deepcopy(entries))
        kind.owner = "kumawatch"
        outcome = asyncio.run(reconcile(kuma.connection, kind, check_mode=False))
        assert not outcome.error, outcome.failures
        return outcome

    settle(now)
    turn = 0
    while now != goal:
        turned: dict[str, str] = {}
        for entry, wanted in zip(now, goal, strict=True):
            options = [option for option in entry if entry[option] != wanted[option]]
            if options:
                option = options[turn % len(options)]
                entry[option] = wanted[option]
                turned[entry["name"]] = option
        outcome = settle(now)
        turn += 1
        visible = {
            name: {option}
            for name, option in turned.items()
            if option not in FIELDS or is_readable(FIELDS[option], version)
        }
        assert {change.label: set(change.differences) for change in outcome.plan.update} == visible
    assert turn > 20


def test_options_of_the_least_kind(kuma: Any, apply: Callable[..., Result]) -> None:
    """Each type with what it needs and nothing else gets the presets of the server's own page, and stays as it is."""
    make_referred(kuma)
    version = kuma.version
    full, _second = entries_of_every_type(version)
    least = []
    for entry in full:
        about = MONITOR_TYPES[entry["type"]]
        needed = {"name", "type", "state", *about.required}
        for option, value, others in about.required_when:
            if defaults(entry["type"], version).get(option) == value:
                needed.update(others)
        least.append({option: value for option, value in entry.items() if option in needed})
    apply(least)
    stored = kuma.monitors()
    for entry in least:
        preset = defaults(entry["type"], version, entry)
        for item in fields_of(entry["type"], version):
            if item.option in preset and is_readable(item, version):
                found = normal(item, stored[entry["name"]][item.read_key])
                assert found == normal(item, preset[item.option]), (entry["name"], item.option)


def test_a_client_that_is_not_ours_reads_the_same(kuma: Any, run: Callable[..., Result]) -> None:
    api2 = pytest.importorskip("uptime_kuma_api")
    version = kuma.version
    if version < (2, 0, 0) and "1.23" not in reported_version(kuma):
        pytest.skip("uptime-kuma-api2 does not work with the 2.0.0-dev.0 snapshot")
    make_referred(kuma)
    entries, _second = entries_of_every_type(version)
    unknown = {"manual", "globalping", "sip-options", "websocket-upgrade"}  # to that client
    entries = [entry for entry in entries if entry["type"] not in unknown]
    ident = notification_by_hand(kuma, "chat")
    run([{**entry, "notifications": ["chat"], "tags": [{"name": "t", "value": "v"}]} for entry in entries])
    with api2.UptimeKumaApi(kuma.url, timeout=60) as api:
        api.login(kuma.username, kuma.password)
        found = {monitor["name"]: monitor for monitor in api.get_monitors()}
    assert found.keys() == {entry["name"] for entry in entries}
    compared = 0
    for entry in entries:
        monitor = found[entry["name"]]
        assert getattr(monitor["type"], "value", monitor["type"]) == entry["type"]
        assert [int(number) for number in monitor["notificationIDList"]] == [ident]
        assert tags_of(monitor) == {("t", "v"), ("managed-by", "kumawatch")}
        for item in fields_of(entry["type"], version):
            if is_readable(item, version):
                theirs = monitor[item.read_key]
                theirs = getattr(theirs, "value", theirs)
                assert normal(item, theirs) == normal(item, entry[item.option]), (entry["name"], item.option)
                compared += 1
    assert compared > 200


def reported_version(kuma: Any) -> str:
    async def ask(client: Any) -> str:
        return str(client.reported_version)

    return str(kuma.talk(ask))


def test_structures_arrive_as_the_server_wants_them(kuma: Any, apply: Callable[..., Result]) -> None:
    apply([http("api", headers={"X-A": "b", "n": 1}, body='{"a":   [1]}', accepted_status_codes=["418", "200-204"])])
    monitor = kuma.monitors()["api"]
    assert json.loads(monitor["headers"]) == {"X-A": "b", "n": 1}
    assert json.loads(monitor["body"]) == {"a": [1]}
    assert sorted(monitor["accepted_statuscodes"]) == ["200-204", "418"]


def test_another_type(kuma: Any, apply: Callable[..., Result]) -> None:
    apply([http("x", retries=2, state="paused")])
    ident = kuma.monitors()["x"]["id"]
    result = apply([{"name": "x", "type": "dns", "hostname": "example.com", "state": "paused"}])
    assert result["updated"] == ["x"]
    monitor = kuma.monitors()["x"]
    assert (monitor["id"], monitor["type"], monitor["hostname"], monitor["maxretries"]) == (
        ident,
        "dns",
        "example.com",
        2,
    )
    assert (monitor["dns_resolve_server"], monitor["port"]) == ("1.1.1.1", 53)


# -- identity: groups and names ----------------------------------------------------------------------------------------


def test_groups_in_groups_in_any_order(kuma: Any, apply: Callable[..., Result]) -> None:
    declared = [
        http("api", group=["production", "backend", "inner"]),
        group("inner", group=["production", "backend"]),
        http("web", group="production"),
        group("backend", group="production"),
        http("api"),
        group("production"),
        http("production", group="production"),
        http("api", group="production"),
    ]
    result = apply(declared)
    assert result["created"] == [
        "api",
        "production",
        "production / api",
        "production / backend",
        "production / backend / inner",
        "production / backend / inner / api",
        "production / production",
        "production / web",
    ]
    stored = kuma.monitors()
    assert sorted(stored) == result["created"]
    assert stored["production / production"]["type"] == "http"
    assert stored["production / production"]["parent"] == stored["production"]["id"]
    result = apply([*declared[:-1], http("api", group="production", interval=1800)])
    assert result["updated"] == ["production / api"]
    assert diff_of(result, "production / api") == ({"interval": 3600}, {"interval": 1800})


NAMES = [
    "Zahlung für Ärger",
    "監視 🚀🔥",
    'it\'s "quoted" `here`',
    "back\\slash / slash",
    "  spaces  ",
    "a\tb",
    "{{ braces }} %s $1 <b>&amp;</b>",
    "0",
    "x" * 120,
    "e\u0301 decomposed",
    "\u00e9 decomposed",
]


def test_names_of_every_kind(kuma: Any, apply: Callable[..., Result]) -> None:
    declared = [
        group("🏠 “home”"),
        *(http(name, group="🏠 “home”", tags=[{"name": name, "value": name}]) for name in NAMES),
    ]
    result = apply(declared)
    assert len(result["created"]) == len(NAMES) + 1
    stored = kuma.monitors()
    for name in NAMES:
        assert (name, name) in tags_of(stored[f"🏠 “home” / {name}"])
    result = apply([group("🏠 “home”")], purge=True, max_deletions=20)
    assert len(result["deleted"]) == len(NAMES)


def test_case_makes_another_monitor(kuma: Any, apply: Callable[..., Result]) -> None:
    assert apply([http("api"), http("API")])["created"] == ["API", "api"]


# -- tags --------------------------------------------------------------------------------------------------------------


def test_tags_are_exact_shared_and_coloured(kuma: Any, apply: Callable[..., Result]) -> None:
    team = {"name": "team", "value": "payments", "color": "#059669"}
    apply([http("a", tags=[team, {"name": "plain"}]), http("b", tags=[team, {"name": "plain", "value": "x"}])])
    stored = kuma.monitors()
    assert tags_of(stored["a"]) == {("team", "payments"), ("plain", ""), ("managed-by", "kumawatch")}
    assert tags_of(stored["b"]) == {("team", "payments"), ("plain", "x"), ("managed-by", "kumawatch")}
    tags = kuma.call("getTags")["tags"]
    assert sorted(tag["name"] for tag in tags) == ["managed-by", "plain", "team"]
    assert {tag["name"]: tag["color"] for tag in tags}["team"] == "#059669"

    # Another value, a tag less, at one of them.
    result = apply([http("a", tags=[{"name": "team", "value": "web"}]), http("b")])
    assert result["updated"] == ["a"]
    assert diff_of(result, "a") == ({"tags": ["plain", "team: payments"]}, {"tags": ["team: web"]})
    stored = kuma.monitors()
    assert tags_of(stored["a"]) == {("team", "web"), ("managed-by", "kumawatch")}
    assert tags_of(stored["b"]) == {("team", "payments"), ("plain", "x"), ("managed-by", "kumawatch")}

    # Another colour shows at both, since it is one tag.
    result = apply([http("a", tags=[{"name": "team", "value": "web", "color": "#DC2626"}]), http("b")])
    assert diff_of(result, "a") == ({"tag_colors": {"team": "#059669"}}, {"tag_colors": {"team": "#DC2626"}})
    assert {tag["name"]: tag["color"] for tag in kuma.call("getTags")["tags"]}["team"] == "#DC2626"

    # No tags at all; the mark stays.
    apply([http("a", tags=[]), http("b", tags=[])])
    assert all(tags_of(monitor) == {("managed-by", "kumawatch")} for monitor in kuma.monitors().values())


def test_one_tag_twice_with_two_values(kuma: Any, apply: Callable[..., Result]) -> None:
    apply([http("a", tags=[{"name": "zone", "value": "1"}, {"name": "zone", "value": "2"}])])
    assert tags_of(kuma.monitors()["a"]) == {("zone", "1"), ("zone", "2"), ("managed-by", "kumawatch")}
    apply([http("a", tags=[{"name": "zone", "value": "2"}])])
    assert tags_of(kuma.monitors()["a"]) == {("zone", "2"), ("managed-by", "kumawatch")}


def test_tags_made_by_hand(kuma: Any, apply: Callable[..., Result]) -> None:
    """Tags of one name twice on the server, and a tag whose value is null, which the server cannot delete."""
    ident = by_hand(kuma, "a")
    tag_by_hand(kuma, ident, "twin", "1")
    tag_by_hand(kuma, ident, "twin", "2")
    tag_by_hand(kuma, ident, "nothing", None)
    result = apply([{"name": "a", "tags": [{"name": "twin", "value": "2"}, {"name": "twin", "value": "3"}]}])
    assert result["adopted"] == ["a"]
    assert tags_of(kuma.monitors()["a"]) == {("twin", "2"), ("twin", "3"), ("managed-by", "kumawatch")}


# -- notifications, proxies, Docker hosts ------------------------------------------------------------------------------


def test_notifications_are_exact(kuma: Any, apply: Callable[..., Result]) -> None:
    # Later ones first, so that neither order nor number of ids happens to fit.
    ids = {name: notification_by_hand(kuma, name) for name in ("third", "ün 🔔", "first")}
    apply([http("a", notifications=["first", "ün 🔔", "third"]), http("b", notifications=["ün 🔔"]), http("c")])
    stored = kuma.monitors()
    assert notified(stored["a"]) == set(ids.values())
    assert notified(stored["b"]) == {ids["ün 🔔"]}
    assert notified(stored["c"]) == set()

    result = apply([http("a", notifications=["first"]), http("b"), http("c", notifications=["first"])])
    assert result["updated"] == ["a", "c"]
    assert diff_of(result, "a") == (
        {"notifications": ["first", "third", "ün 🔔"]},
        {"notifications": ["first"]},
    )
    stored = kuma.monitors()
    assert notified(stored["a"]) == {ids["first"]}
    assert notified(stored["b"]) == {ids["ün 🔔"]}

    # An edit of something else leaves them.
    apply([http("b", retries=2)])
    assert notified(kuma.monitors()["b"]) == {ids["ün 🔔"]}
    apply([http("a", notifications=[])])
    assert notified(kuma.monitors()["a"]) == set()


def test_proxies_and_docker_hosts_by_name(kuma: Any, apply: Callable[..., Result]) -> None:
    make_referred(kuma)
    docker = {"name": "d", "type": "docker", "docker_container": "c", "docker_host": "two", "state": "paused"}
    proxied = http("p", proxy="socks5://two.example.com:1080", port=None)
    apply([docker, proxied])
    first = kuma.monitors()
    result = apply([{**docker, "docker_host": "one"}, {**proxied, "proxy": "http://one.example.com:3128"}])
    assert diff_of(result, "d") == ({"docker_host": "two"}, {"docker_host": "one"})
    assert diff_of(result, "p")[1] == {"proxy": "http://one.example.com:3128"}
    # An edit of something else leaves the proxy, which the server forgets unless it is sent.
    apply([http("p", retries=3)])
    monitor = kuma.monitors()["p"]
    assert monitor["proxyId"] not in (None, first["p"]["proxyId"])
    apply([http("p", proxy="")])
    assert kuma.monitors()["p"]["proxyId"] is None


# -- paused and resumed ------------------------------------------------------------------------------------------------


def test_paused_and_resumed(kuma: Any, apply: Callable[..., Result]) -> None:
    apply([http("a", state="paused"), http("b")])
    stored = kuma.monitors()
    assert (bool(stored["a"]["active"]), bool(stored["b"]["active"])) == (False, True)
    result = apply([http("a"), http("b", state="paused")])
    assert diff_of(result, "a") == ({"state": "paused"}, {"state": "present"})
    assert diff_of(result, "b") == ({"state": "present"}, {"state": "paused"})
    stored = kuma.monitors()
    assert (bool(stored["a"]["active"]), bool(stored["b"]["active"])) == (True, False)
    # An edit neither starts nor stops.
    apply([http("a", retries=4), http("b", retries=4, state="paused")])
    stored = kuma.monitors()
    assert (bool(stored["a"]["active"]), bool(stored["b"]["active"])) == (True, False)


def test_a_paused_group(kuma: Any, apply: Callable[..., Result]) -> None:
    apply([group("g"), http("on", group="g"), http("off", group="g", state="paused")])
    apply([group("g", state="paused"), http("on", group="g"), http("off", group="g", state="paused")])
    stored = kuma.monitors()
    assert not any(monitor["active"] for monitor in stored.values())
    # Below it, things are created and edited as ever.
    declared = [http("on", group="g", retries=1), http("new off", group="g", state="paused"), http("new on", group="g")]
    apply([group("g", state="paused"), *declared])
    # Resumed, everything is as declared at once, whatever it was.
    kuma.call("pauseMonitor", kuma.monitors()["g / on"]["id"])
    kuma.call("resumeMonitor", kuma.monitors()["g / off"]["id"])
    apply([group("g"), *declared, http("off", group="g", state="paused")])
    active = {label: bool(monitor["active"]) for label, monitor in kuma.monitors().items()}
    assert active == {"g": True, "g / on": True, "g / off": False, "g / new on": True, "g / new off": False}


# -- whose monitors these are ------------------------------------------------------------------------------------------


def test_an_unmarked_monitor_is_adopted(kuma: Any, apply: Callable[..., Result]) -> None:
    ident = by_hand(kuma, "theirs")
    result = apply([{"name": "theirs"}])
    assert (result["updated"], result["adopted"], result["created"]) == (["theirs"], ["theirs"], [])
    assert diff_of(result, "theirs") == ({"managed_by": None}, {"managed_by": "(adopted)"})
    monitor = kuma.monitors()["theirs"]
    assert monitor["id"] == ident
    assert tags_of(monitor) == {("managed-by", "kumawatch")}
    assert monitor["url"] == "http://127.0.0.1:9/hand"


def test_purge_takes_ours_and_leaves_the_rest(
    kuma: Any, apply: Callable[..., Result], run: Callable[..., Result]
) -> None:
    by_hand(kuma, "unmarked")
    run([http("another's")], managed_by="another")
    run([http("kept"), http("old"), group("g"), http("in g", group="g")])
    result = run([http("kept")])
    assert result["unmanaged"] == ["another's", "g", "g / in g", "old", "unmarked"]
    result = apply([http("kept")], purge=True)
    assert result["deleted"] == ["g", "g / in g", "old"]
    assert result["unmanaged"] == ["another's", "unmarked"]
    assert sorted(kuma.monitors()) == ["another's", "kept", "unmarked"]


def test_purge_stops_before_it_deletes_too_much(
    kuma: Any, run: Callable[..., Result], fails: Callable[..., Result]
) -> None:
    run([http(name) for name in ("a", "b", "c", "d")])
    result = fails([http("new")], purge=True, max_deletions=3)
    assert result["msg"] == (
        "purge would delete 4 monitors ('a', 'b', 'c', 'd'), more than max_deletions=3 allows: nothing was "
        "deleted; raise max_deletions if that is what you want."
    )
    assert sorted(kuma.monitors()) == ["a", "b", "c", "d"]


def test_a_stranger_keeps_our_group(kuma: Any, apply: Callable[..., Result], run: Callable[..., Result]) -> None:
    run([group("g"), http("ours", group="g")])
    by_hand(kuma, "stranger", parent=kuma.monitors()["g"]["id"])
    predicted = run([], purge=True, check=True)
    result = apply([], purge=True)
    warning = "monitor 'g' is not purged, 'stranger', which is not ours, is still in it."
    assert warnings_of(predicted) == warnings_of(result) == [warning]
    assert (result["deleted"], result["unmanaged"]) == (["g / ours"], ["g", "g / stranger"])
    stored = kuma.monitors()
    assert stored["g / stranger"]["parent"] == stored["g"]["id"]


def test_another_owner_is_refused(kuma: Any, run: Callable[..., Result], fails: Callable[..., Result]) -> None:
    run([http("api")], managed_by="team-a")
    assert fails([http("api"), http("new")], managed_by="team-b")["msg"] == (
        "monitor 'api' belongs to managed_by 'team-a', not to 'team-b': remove the entry, or the mark on the server "
        "if it is to change hands."
    )
    assert sorted(kuma.monitors()) == ["api"]


def test_absent(kuma: Any, apply: Callable[..., Result], run: Callable[..., Result]) -> None:
    run([group("g"), http("a", group="g"), http("b")])
    by_hand(kuma, "unmarked")
    gone = [{"name": name, "state": "absent"} for name in ("g", "b", "unmarked", "never was")]
    result = apply([*gone, {"name": "a", "group": "g", "state": "absent"}], max_deletions=0)
    assert result["deleted"] == ["b", "g", "g / a", "unmarked"]
    assert result["unchanged"] == ["never was"]
    assert kuma.monitors() == {}


def test_ignored_options_are_set_once(kuma: Any, apply: Callable[..., Result]) -> None:
    declared = [http("a", retries=2, ignore=["interval", "tags", "state"], tags=[{"name": "x"}], state="paused")]
    apply(declared)
    monitor = kuma.monitors()["a"]
    assert (monitor["interval"], bool(monitor["active"])) == (3600, False)
    edit_by_hand(kuma, "a", interval=1800, maxretries=9)
    kuma.call("resumeMonitor", monitor["id"])
    tag_by_hand(kuma, monitor["id"], "by hand", "")
    result = apply(declared)
    assert diff_of(result, "a") == ({"retries": 9}, {"retries": 2})
    monitor = kuma.monitors()["a"]
    assert (monitor["interval"], monitor["maxretries"], bool(monitor["active"])) == (1800, 2, True)
    assert ("by hand", "") in tags_of(monitor)


def test_what_was_edited_by_hand_comes_back(
    kuma: Any, apply: Callable[..., Result], run: Callable[..., Result]
) -> None:
    chat = notification_by_hand(kuma, "chat")
    declared = [
        http(
            "a",
            notifications=["chat"],
            retries=1,
            basic_auth_password=SECRET,
            basic_auth_username="u",
            auth_method="basic",
            tags=[{"name": "team", "value": "web"}],
        )
    ]
    run(declared)
    by_hand(kuma, "unmarked", description="mine")
    before = kuma.monitors()["unmarked"]
    edit_by_hand(
        kuma,
        "a",
        url="http://joe:secret99@changed.example",
        maxretries=7,
        notificationIDList={},
        basic_auth_pass="guessed99",
        description="was not declared",
    )
    result = apply(declared)
    assert result["updated"] == ["a"]
    assert diff_of(result, "a") == (
        {
            "url": "http://***@changed.example",
            "retries": 7,
            "notifications": [],
            "basic_auth_password": "(secret, before)",
        },
        {
            "url": "http://127.0.0.1:9/1",
            "retries": 1,
            "notifications": ["chat"],
            "basic_auth_password": "(secret, after)",
        },
    )
    assert "guessed99" not in json.dumps(result)
    assert "secret99" not in json.dumps(result)
    stored = kuma.monitors()
    assert (stored["a"]["basic_auth_pass"], notified(stored["a"])) == (SECRET, {chat})
    assert stored["a"]["description"] == "was not declared"
    assert stored["unmarked"] == before


def test_two_monitors_of_one_name_on_the_server(
    kuma: Any, fails: Callable[..., Result], run: Callable[..., Result]
) -> None:
    first, second = by_hand(kuma, "twin"), by_hand(kuma, "twin")
    assert fails([http("twin"), http("new")])["msg"] == (
        f"monitor 'twin' exists 2 times on the server (ids {first} and {second}), so it is not clear which one is "
        "meant: delete or rename all but one."
    )
    assert run([http("new")])["unmanaged"] == ["twin", "twin"]


# -- faults ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entries", "sentence"),
    [
        (
            [http("api"), http("web"), http("api")],
            "monitor 'api' is declared twice, as entries 1 and 3: remove one of them.",
        ),
        (
            [http("api", notifications=["pager"])],
            "monitor 'api': notification 'pager' is not on the server, which has none: create it, or correct the name.",
        ),
        (
            [http("api", accepted_status_codes=["299-200"])],
            "monitor 'api': accepted_status_codes has '299-200', which is neither a code such as 200 nor a range such "
            "as 200-299: correct it.",
        ),
        (
            [group("a", group="b"), group("b", group="a")],
            "monitor 'b / a': groups a and b contain each other: declare one of them without a group.",
        ),
        (
            [http("api", group="nowhere")],
            "monitor 'nowhere / api': group 'nowhere' is neither declared nor on the server: declare it, with type: "
            "group.",
        ),
        (
            [{"name": "api", "type": "nonsense"}],
            "value of type must be one of: " + ", ".join(sorted(MONITOR_TYPES)) + ", got: nonsense found in monitors",
        ),
        (
            [{"name": "api", "typ": "http"}],
            re.compile(r"Unsupported parameters for \(.*\) module: monitors\.typ\. Supported parameters include: .*"),
        ),
    ],
)
def test_refused_before_anything_is_written(
    kuma: Any, fails: Callable[..., Result], entries: list[Entry], sentence: Any
) -> None:
    message = fails([http("innocent"), *entries] if "entries 1" not in str(sentence) else entries)["msg"]
    assert sentence.fullmatch(message) if isinstance(sentence, re.Pattern) else message == sentence
    assert kuma.monitors() == {}


def test_a_type_that_nobody_knows(kuma: Any, run: Callable[..., Result], fails: Callable[..., Result]) -> None:
    by_hand(kuma, "odd", type="nonsense")
    assert run([http("api")])["unmanaged"] == ["odd"]
    assert fails([{"name": "odd", "interval": 30}])["msg"] == (
        "monitor 'odd' is of type 'nonsense' on the server, which is not known here: leave it out."
    )
    assert run([{"name": "odd", "state": "absent"}])["deleted"] == ["odd"]


def test_too_new_for_the_server(kuma: Any, fails: Callable[..., Result]) -> None:
    version = kuma.version
    if version >= (2, 5, 0):
        pytest.skip("the server is new enough for everything")
    shown = ".".join(map(str, version))
    assert fails([{"name": "clock", "type": "ntp", "hostname": "h"}])["msg"] == (
        f"monitor 'clock': type 'ntp' needs Uptime Kuma 2.5.0; the server has {shown}: upgrade it, or leave this out."
    )


def spoil(kuma: Any, label: str) -> None:
    """Have the server's database refuse to write one monitor, as a full disk or a bug would."""
    with sqlite3.connect(kuma.data / "kuma.db", timeout=30) as database:
        database.executescript(
            f"""
            CREATE TRIGGER spoil_insert BEFORE INSERT ON monitor WHEN NEW.name = '{label}'
                BEGIN SELECT RAISE(ABORT, 'no room'); END;
            CREATE TRIGGER spoil_update BEFORE UPDATE ON monitor WHEN NEW.name = 'kept {label}'
                BEGIN SELECT RAISE(ABORT, 'no room'); END;
            CREATE TRIGGER spoil_half BEFORE INSERT ON monitor_notification
                WHEN (SELECT name FROM monitor WHERE id = NEW.monitor_id) = 'half {label}'
                BEGIN SELECT RAISE(ABORT, 'no room'); END;
            """
        )


def test_one_failure_does_not_stop_the_others(own_kuma: Any, run_module: Any) -> None:
    notification_by_hand(own_kuma, "chat")
    secret = {"auth_method": "basic", "basic_auth_username": "joe", "basic_auth_password": SECRET}
    before = [http("old"), http("kept spoilt", retries=1, **secret), http("edited")]
    assert not run_module(MODULE, {"monitors": before}, server=own_kuma)["failed"]
    spoil(own_kuma, "spoilt")
    declared = [
        http("spoilt", **secret),
        http("kept spoilt", retries=2),
        http("half spoilt", notifications=["chat"]),
        group("half spoilt", group="g", notifications=["chat"]),
        http("in it", group=["g", "half spoilt"]),
        group("g"),
        http("good", notifications=["chat"]),
        http("edited", retries=2),
        {"name": "old", "state": "absent"},
    ]
    result = run_module(MODULE, {"monitors": declared}, server=own_kuma)
    assert result["failed"]
    assert result["changed"]
    assert (result["created"], result["updated"], result["deleted"]) == (["g", "good"], ["edited"], ["old"])
    assert [failure["name"] for failure in result["failures"]] == [
        "half spoilt",
        "spoilt",
        "g / half spoilt",
        "g / half spoilt / in it",
        "kept spoilt",
    ]
    reasons = {failure["name"]: failure["error"] for failure in result["failures"]}
    assert reasons.pop("g / half spoilt / in it") == (
        "its group 'g / half spoilt' could not be created, so it was not either."
    )
    # The server's words hold the whole statement with every value in it; only the reason is for readers.
    assert all(re.fullmatch(r"(SQLITE_CONSTRAINT: )?no room", reason) for reason in reasons.values()), reasons
    assert re.fullmatch(
        r"monitor 'half spoilt': (SQLITE_CONSTRAINT: )?no room \(and 4 more, see failures\)", result["msg"]
    )
    assert SECRET not in json.dumps(result)
    # What the server left half created is gone, what could be done is done.
    assert sorted(own_kuma.monitors()) == ["edited", "g", "good", "kept spoilt"]
    assert own_kuma.monitors()["edited"]["maxretries"] == 2
    # Mended, the next run carries on.
    with sqlite3.connect(own_kuma.data / "kuma.db", timeout=30) as database:
        for trigger in ("insert", "update", "half"):
            database.execute(f"DROP TRIGGER spoil_{trigger}")
    result = run_module(MODULE, {"monitors": declared}, server=own_kuma)
    assert not result["failed"], result["msg"]
    assert (len(result["created"]), result["updated"]) == (4, ["kept spoilt"])
    assert own_kuma.monitors()["kept spoilt"]["basic_auth_pass"] == SECRET


def test_a_group_with_monitors_in_it_cannot_turn_into_something_else(
    kuma: Any, run: Callable[..., Result], fails: Callable[..., Result]
) -> None:
    run([group("g")])
    by_hand(kuma, "theirs", parent=kuma.monitors()["g"]["id"])
    assert fails([http("g")])["msg"] == (
        "monitor 'g' cannot turn from a group into type 'http', 'theirs' is in it: move or delete that first."
    )
    assert "g / theirs" in kuma.monitors()


def test_no_secret_is_ever_shown(kuma: Any, run_module: Any) -> None:
    secrets = [item.option for item in MONITOR_FIELDS if item.secret]
    version = kuma.version
    make_referred(kuma)
    first, second = entries_of_every_type(version)
    marked = iter(range(1000))

    def conceal(value: Any) -> Any:
        """The same in shape, with a secret for each text."""
        if isinstance(value, dict):
            return {key: item if key == "mechanism" else conceal(item) for key, item in value.items()}
        return f"{SECRET}{next(marked):021}" if isinstance(value, str) else value

    for entry in (*first, *second):
        for option in secrets:
            if entry.get(option):
                entry[option] = conceal(entry[option])
    shown: list[str] = []

    def run(monitors: list[Entry], **options: Any) -> Result:
        for check in (True, False):
            result: Result = run_module(MODULE, {"monitors": monitors, "_ansible_verbosity": 3, **options}, check=check)
            assert not result["failed"], result["msg"]
            shown.append(json.dumps(result, ensure_ascii=False))
        return result

    assert len(run(first)["created"]) == len(first)
    assert run(without_the_unchangeable(first, second, version))["updated"]
    stored = json.dumps(kuma.monitors())
    assert stored.count(SECRET) > 10
    assert len(run([], purge=True, max_deletions=100)["deleted"]) == len(first)
    assert all("(secret" in text for text in shown[:4])
    for text in shown:
        assert SECRET not in text
        assert kuma.password not in text
        assert not kuma.token or kuma.token not in text


def test_short_values_of_secret_options_do_not_spoil_the_result(kuma: Any, apply: Callable[..., Result]) -> None:
    """Ansible takes every value of a secret option for a secret, which would turn ``changed`` and counts into text."""
    result = apply([http("api 1", headers={"X-Debug": "True", "X-Other": "False", "X-Third": "1"}, body={"id": 1})])
    assert result["changed"] is True
    assert (result["created"], result["msg"]) == (["api 1"], "1 created, 0 updated, 0 deleted, 0 unchanged")


# -- many --------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_thousand_monitors(own_kuma: Any, run_module: Any) -> None:
    count = 1000 if own_kuma.version >= (2, 0, 0) else 150
    groups = [group(f"g{number}") for number in range(10)]
    monitors = [
        http(
            f"m{number:04}", group=f"g{number % 10}", state="paused", tags=[{"name": "owner", "value": str(number % 7)}]
        )
        for number in range(count - 10)
    ]
    declared = [*groups, *monitors]

    def run(entries: list[Entry], **options: Any) -> Result:
        with Tap(own_kuma) as tap:
            started = time.monotonic()
            result: Result = run_module(
                MODULE,
                {"monitors": entries, "api_username": own_kuma.username, "api_password": own_kuma.password, **options},
                server=tap.server,
                login=False,
            )
            print(f"{result['msg']}: {time.monotonic() - started:.1f} s, {dict(tap.sent)}")
        assert not result["failed"], result["msg"]
        assert tap.sent["login"] == 1
        assert tap.sent["loginByToken"] == 0
        if own_kuma.version >= (2, 0, 0):
            assert tap.sent["getMonitorList"] == 0
        return {**result, "sent": tap.sent}

    result = run(declared)
    assert (len(result["created"]), result["sent"]["add"]) == (count, count)
    result = run(declared)
    assert (result["changed"], len(result["unchanged"])) == (False, count)
    assert sum(result["sent"].values()) <= 3, "a run with nothing to do only logs in"
    for entry in monitors[::10]:
        entry["retries"] = 5
    edited = len(monitors[::10])
    result = run(declared)
    assert (len(result["updated"]), result["sent"]["editMonitor"]) == (edited, edited)
    assert not run(declared)["changed"]
    result = run([], purge=True, max_deletions=count)
    assert (len(result["deleted"]), result["sent"]["deleteMonitor"]) == (count, count)
    assert own_kuma.monitors() == {}
