# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Monitors as declared, as they exist and as they are sent: refusals, payloads, what means the same."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import InputError, KumawatchError
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma import monitor_model as model
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.fields import (
    ENGINE_KEYS,
    MONITOR_FIELDS,
    MONITOR_TYPES,
    REFERENCES,
    Field,
    Version,
    field_for,
    fields_of,
    is_known,
    is_readable,
    normal,
    to_wire,
)
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.monitor_args import hidden_texts, monitor_args
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.monitor_model import Names, Pending
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.monitors import Monitors
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.paths import MonitorIndex
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.state import State
from ansible_collections.kumawatch.monitoring.plugins.module_utils._reconcile import Create, Desired, Plan, Update

NEW: Version = (2, 5, 3)
OLD: Version = (1, 23, 17)
VERSIONS = (OLD, (2, 0, 0), (2, 1, 3), (2, 4, 0), NEW)

NAMES = Names(
    notification={"chat": [3], "mail": [5], "twice": [7, 8]},
    proxy={"http://proxy.example.com:3128": [11]},
    docker_host={"local": [13]},
    remote_browser={"grid": [17]},
)

Entry = dict[str, Any]


def http(name: str = "api", **options: Any) -> Entry:
    return {"name": name, "type": "http", "url": "https://api.example.com", "state": "present", **options}


def group(name: str, **options: Any) -> Entry:
    return {"name": name, "type": "group", "state": "present", **options}


def declare(
    *entries: Entry, version: Version = NEW, types: Mapping[tuple[str, ...], str] | None = None, names: Names = NAMES
) -> list[Desired]:
    return model.desired(entries, names, version, types or {})


def refusal(*entries: Entry, kind: type[KumawatchError] = KumawatchError, **arguments: Any) -> str:
    with pytest.raises(kind) as caught:
        declare(*entries, **arguments)
    return str(caught.value)


# -- refusals, word for word -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "version", "sentence"),
    [
        pytest.param(
            http(notifications=["chat", "pager"]),
            NEW,
            "monitor 'api': notification 'pager' is not on the server, which has 'chat', 'mail', 'twice': create it, "
            "or correct the name.",
            id="unknown notification",
        ),
        pytest.param(
            http(notifications=["twice"]),
            NEW,
            "monitor 'api': notification 'twice' exists 2 times on the server: rename all but one.",
            id="ambiguous notification",
        ),
        pytest.param(
            http(proxy="http://other:1"),
            NEW,
            "monitor 'api': proxy 'http://other:1' is not on the server, which has 'http://proxy.example.com:3128': "
            "create it, or correct the name.",
            id="unknown proxy",
        ),
        pytest.param(
            {"name": "x", "type": "docker", "docker_container": "c", "docker_host": "remote"},
            NEW,
            "monitor 'x': docker host 'remote' is not on the server, which has 'local': create it, or correct the "
            "name.",
            id="unknown docker host",
        ),
        pytest.param(
            {"name": "clock", "type": "ntp", "hostname": "ntp.example.com"},
            (2, 4, 0),
            "monitor 'clock': type 'ntp' needs Uptime Kuma 2.5.0; the server has 2.4.0: upgrade it, or leave this out.",
            id="type too new",
        ),
        pytest.param(
            http(cache_bust=True),
            OLD,
            "monitor 'api': option 'cache_bust' needs Uptime Kuma 2.0.0; the server has 1.23.17: upgrade it, or leave "
            "this out.",
            id="option too new",
        ),
        pytest.param(
            http(body_encoding="form"),
            OLD,
            "monitor 'api': body_encoding 'form' needs Uptime Kuma 2.0.0; the server has 1.23.17: upgrade it, or leave "
            "this out.",
            id="choice too new",
        ),
        pytest.param(
            {"name": "b", "type": "real-browser", "url": "https://x.example", "remote_browser": "grid"},
            OLD,
            "monitor 'b': option 'remote_browser' needs Uptime Kuma 2.0.0; the server has 1.23.17: upgrade it, or "
            "leave this out.",
            id="reference too new",
        ),
        pytest.param(
            http(packet_size=64),
            NEW,
            "monitor 'api': option 'packet_size' has no meaning for type 'http', only for ping and steam: remove it.",
            id="option without meaning",
        ),
        pytest.param(
            http(push_token="x" * 32),
            NEW,
            "monitor 'api': option 'push_token' has no meaning for type 'http', only for push: remove it.",
            id="option of one type",
        ),
        pytest.param(
            http(docker_host="local"),
            NEW,
            "monitor 'api': option 'docker_host' has no meaning for type 'http', only for docker: remove it.",
            id="reference without meaning",
        ),
        *(
            pytest.param(
                http(accepted_status_codes=["200", code]),
                NEW,
                f"monitor 'api': accepted_status_codes has '{code}', which is neither a code such as 200 nor a range "
                "such as 200-299: correct it.",
                id=f"status code {code}",
            )
            for code in ("299-200", "2xx", "200-", "-299", "20", "200 - 299", "", "200-299-399", "12345")
        ),
        pytest.param(
            http(interval=0),
            NEW,
            "monitor 'api': interval 0 is less than 1, the least that Uptime Kuma 2.5.3 takes: raise it.",
            id="interval too low",
        ),
        pytest.param(
            http(interval=10),
            OLD,
            "monitor 'api': interval 10 is less than 20, the least that Uptime Kuma 1.23.17 takes: raise it.",
            id="interval too low for 1.23",
        ),
        pytest.param(
            http(interval=2073601),
            (2, 4, 0),
            "monitor 'api': interval 2073601 is more than 2073600, the most that Uptime Kuma 2.4.0 takes: lower it.",
            id="interval too high",
        ),
        pytest.param(
            http(retry_interval=5),
            OLD,
            "monitor 'api': retry_interval 5 is less than 20, the least that Uptime Kuma 1.23.17 takes: raise it.",
            id="retry interval too low",
        ),
        pytest.param(
            {"name": "db", "type": "port", "hostname": "h", "port": 65536},
            NEW,
            "monitor 'db': port 65536 is more than 65535, the most that Uptime Kuma 2.5.3 takes: lower it.",
            id="port too high",
        ),
        pytest.param(
            http(retries=-1),
            NEW,
            "monitor 'api': retries -1 is less than 0, the least that Uptime Kuma 2.5.3 takes: raise it.",
            id="negative retries",
        ),
        pytest.param(
            {"name": "api", "type": "http"}, NEW, "monitor 'api' of type 'http' needs url: add it.", id="missing option"
        ),
        pytest.param(
            {"name": "db", "type": "port"},
            NEW,
            "monitor 'db' of type 'port' needs hostname and port: add them.",
            id="missing options",
        ),
        pytest.param(
            {"name": "x", "type": "docker", "docker_container": "c"},
            NEW,
            "monitor 'x' of type 'docker' needs docker_host: add it.",
            id="missing reference",
        ),
        pytest.param(
            http(auth_method="oauth2-cc"),
            NEW,
            "monitor 'api' of type 'http' needs oauth_token_url, oauth_client_id and oauth_client_secret: add them.",
            id="missing because of another option",
        ),
        pytest.param(
            {"name": "api", "url": "https://x.example"},
            NEW,
            "monitor 'api' has no type: add one, e.g. type: http.",
            id="no type",
        ),
        pytest.param(
            http(group="production"),
            NEW,
            "monitor 'production / api': group 'production' is neither declared nor on the server: declare it, with "
            "type: group.",
            id="group missing",
        ),
        pytest.param(
            http(group={"name": "production"}),
            NEW,
            "monitor 'api': group must be a name, or a list of names from the outermost group inwards, not "
            "{'name': 'production'}.",
            id="group of the wrong shape",
        ),
        pytest.param(
            http(group=["production", ""]),
            NEW,
            "monitor 'api': group has an empty name: give every group and monitor a name.",
            id="group without a name",
        ),
        pytest.param(
            http(name=" "),
            NEW,
            "monitors entry 1: name has an empty name: give every group and monitor a name.",
            id="no name",
        ),
        pytest.param(
            http(ignore=["intervall"]),
            NEW,
            "monitor 'api': ignore names 'intervall', which is no option of a monitor: correct the name.",
            id="ignore misspelt",
        ),
        pytest.param(
            http(ignore=["name"]),
            NEW,
            "monitor 'api': ignore names 'name', which is no option of a monitor: correct the name.",
            id="ignore of what is the identity",
        ),
        pytest.param(
            http(tags=[{"name": "managed-by", "value": "me"}]),
            NEW,
            "monitor 'api': the tag 'managed-by' is kept for the mark of ownership: set managed_by, or name it "
            "differently.",
            id="reserved tag",
        ),
        pytest.param(
            http(tags=[{"name": "kumawatch-lock mine"}]),
            NEW,
            "monitor 'api': the tag 'kumawatch-lock mine' is kept for the lock that runs hold: name it differently.",
            id="tag that looks like a lock",
        ),
        pytest.param(
            http(tags=[{"name": "a", "color": "#111111"}, {"name": "a", "value": "x", "color": "#222222"}]),
            NEW,
            "tag 'a' is declared #111111 at monitor 'api' and #222222 at monitor 'api': give it one colour.",
            id="two colours of a tag at one monitor",
        ),
    ],
)
def test_refused(entry: Entry, version: Version, sentence: str) -> None:
    assert refusal(entry, version=version) == sentence


def test_nothing_of_the_kind_on_the_server_is_said_so() -> None:
    assert refusal(http(notifications=["chat"]), names=Names()) == (
        "monitor 'api': notification 'chat' is not on the server, which has none: create it, or correct the name."
    )


def test_of_many_names_ten_are_listed() -> None:
    many = Names(notification={f"n{number:02}": [number] for number in range(30)})
    assert refusal(http(notifications=["x"]), names=many) == (
        "monitor 'api': notification 'x' is not on the server, which has "
        + ", ".join(f"'n{number:02}'" for number in range(10))
        + ": create it, or correct the name."
    )


def test_a_group_that_is_declared_absent() -> None:
    assert refusal({"name": "g", "state": "absent"}, http(group="g")) == (
        "monitor 'g / api': its group 'g' is declared absent: declare monitor 'g / api' absent as well, or move it."
    )


@pytest.mark.parametrize("types", [{}, {("web",): "http"}])
def test_a_group_that_is_none(types: dict[tuple[str, ...], str]) -> None:
    declared = [] if types else [http("web")]
    assert refusal(*declared, http(group="web"), types=types) == (
        "monitor 'web / api': 'web' cannot be its group, it is of type 'http': make it a group, or name another one."
    )


@pytest.mark.parametrize(
    ("entries", "sentence"),
    [
        (
            [group("a", group="b"), group("b", group="a")],
            "monitor 'b / a': groups a and b contain each other: declare one of them without a group.",
        ),
        (
            [http(group="a"), group("a", group="b"), group("b", group="c"), group("c", group="a")],
            "monitor 'a / api': groups a, b and c contain each other: declare one of them without a group.",
        ),
        ([group("a", group="a")], "monitor 'a / a': group a contains itself: declare it without a group."),
    ],
)
def test_groups_in_a_circle(entries: list[Entry], sentence: str) -> None:
    assert refusal(*entries, kind=InputError) == sentence


def test_a_group_in_a_group_of_the_same_name_is_no_circle() -> None:
    keys = [entry.key for entry in declare(group("a"), group("a", group="a"), http("a", group=["a", "a"]))]
    assert keys == [("a",), ("a", "a"), ("a", "a", "a")]


def test_two_colours_of_one_tag() -> None:
    first = http("api", tags=[{"name": "team", "color": "#111111"}])
    other = http("web", tags=[{"name": "team", "value": "x", "color": "#222222"}])
    assert refusal(first, other) == (
        "tag 'team' is declared #111111 at monitor 'api' and #222222 at monitor 'web': give it one colour."
    )
    declare(first, http("web", tags=[{"name": "team", "color": "#111111".upper()}, {"name": "other"}]))


def test_another_type_needs_its_own_options_though_the_monitor_exists() -> None:
    assert refusal({"name": "api", "type": "port"}, types={("api",): "http"}) == (
        "monitor 'api' of type 'port' needs hostname and port: add them."
    )


def test_a_type_on_the_server_that_is_not_known_here() -> None:
    assert refusal({"name": "api"}, types={("api",): "quantum"}) == (
        "monitor 'api' is of type 'quantum' on the server, which is not known here: leave it out."
    )
    (found,) = model.exported(world({"id": 1, "name": "api", "type": "quantum", "interval": 60}), NEW)
    assert found["type"] == "quantum"


def test_an_existing_monitor_needs_not_be_declared_in_full() -> None:
    (entry,) = declare({"name": "api", "interval": 30}, types={("api",): "http"})
    assert entry.properties == {"type": "http", "interval": 30, "state": "present"}


def test_what_an_existing_monitor_cannot_work_without_is_not_taken_away() -> None:
    assert refusal({"name": "api", "url": ""}, types={("api",): "http"}) == (
        "monitor 'api' of type 'http' needs url: add it."
    )


def test_an_entry_declared_absent_needs_nothing_but_its_name() -> None:
    (entry,) = declare({"name": "api", "group": "gone", "state": "absent", "interval": -5})
    assert (entry.key, entry.state, entry.properties) == (("gone", "api"), "absent", {})


@pytest.mark.parametrize("kind", MONITOR_TYPES)
def test_every_type_is_refused_by_an_older_server_and_named_where_it_came(kind: str) -> None:
    since = MONITOR_TYPES[kind].since
    older = [version for version in VERSIONS if version < since]
    for version in older:
        needs = f"needs Uptime Kuma {'.'.join(map(str, since))}; the server has {'.'.join(map(str, version))}:"
        assert f"monitor 'x': type '{kind}' {needs}" in refusal({"name": "x", "type": kind}, version=version)


# -- what is declared --------------------------------------------------------------------------------------------------


def test_an_entry_holds_what_was_declared_and_nothing_else() -> None:
    (entry,) = declare(
        http(
            interval=60,
            description=None,
            accepted_status_codes=["301", "200-299"],
            notifications=["mail", "chat", "mail"],
            tags=[{"name": "b", "value": None}, {"name": "a", "value": "x", "color": "#111111"}],
            ignore=["interval"],
            proxy="",
        )
    )
    assert entry.properties == {
        "type": "http",
        "url": "https://api.example.com",
        "interval": 60,
        "accepted_status_codes": ["200-299", "301"],
        "notifications": ["chat", "mail"],
        "tags": [("a", "x"), ("b", "")],
        "tag_colors": {"a": "#111111"},
        "proxy": None,
        "state": "present",
    }
    assert entry.ignored == {"interval"}


def test_pending_objects_count_as_existing() -> None:
    state = State.empty()
    names = Names.of(state, Pending(notifications=["soon"], proxies=["http://p:1"], docker_hosts=["d"]))
    (entry,) = declare(http(notifications=["soon"], proxy="http://p:1"), names=names)
    assert entry.properties["notifications"] == ["soon"]


def test_the_module_takes_every_option_of_the_table() -> None:
    spec = monitor_args()
    for item in MONITOR_FIELDS:
        # Ansible would hide every word of a structure, wherever it stands: hidden_texts says which.
        hidden = item.secret and item.type not in ("json", "dict")
        assert spec[item.option].get("no_log") is hidden, item.option
        assert tuple(spec[item.option].get("choices", ())) == item.choices
    assert spec["type"]["choices"] == sorted(MONITOR_TYPES)
    assert {reference.option for reference in REFERENCES} <= spec.keys()


def test_the_texts_of_secret_structures_are_hidden_but_not_their_short_words() -> None:
    entries = [
        http(
            headers={"Authorization": "Bearer opensesame", "Accept": "gzip", "X": ["nested one", {"y": "nested two"}]},
            body="the whole text",
            description="no secret",
        ),
        http(grpc_body=None, kafka_producer_sasl_options={"mechanism": "plain", "password": "password"}),
        {"name": "x", "body": 123456},
    ]
    assert hidden_texts(entries) == {
        "Bearer opensesame",
        "nested one",
        "nested two",
        "the whole text",
        "password",
    }


# -- what exists -------------------------------------------------------------------------------------------------------


def world(*monitors: dict[str, Any]) -> State:
    """A server with these monitors, each with what every server sends."""
    state = State.empty()
    full = [{"type": "http", "parent": None, "active": True, "tags": [], **monitor} for monitor in monitors]
    state.receive("monitorList", ({str(monitor["id"]): monitor for monitor in full},))
    return state


def read(state: State, options: Sequence[str] = (), version: Version = NEW, **arguments: Any) -> list[Any]:
    return model.actual(state, NAMES, version, set(options), MonitorIndex(state.monitors or {}), **arguments)


def tag(name: str, value: str | None = "", color: str = "#111111", ident: int = 1) -> dict[str, Any]:
    return {"tag_id": ident, "name": name, "value": value, "color": color}


def test_a_monitor_is_read_by_name_with_its_owner() -> None:
    (found,) = read(
        world(
            {
                "id": 4,
                "name": "api",
                "url": "https://x.example",
                "proxyId": 11,
                "notificationIDList": {"5": True, "3": True, "7": False, "99": True},
                "tags": [tag("b", None), tag("managed-by", "me"), tag("a", "1", "#222222")],
            }
        ),
        ["proxy"],
    )
    assert (found.key, found.ident, found.owner) == (("api",), 4, "me")
    assert found.properties == {
        "type": "http",
        "url": "https://x.example",
        "proxy": "http://proxy.example.com:3128",
        "notifications": ["chat", "mail"],
        "tags": [("a", "1"), ("b", "")],
        "tag_colors": {"a": "#222222", "b": "#111111"},
        "state": "present",
    }


def test_only_options_that_somebody_declared_are_read() -> None:
    state = world({"id": 1, "name": "api", "interval": 60, "maxretries": 2, "port": 80})
    assert read(state, ["retries"])[0].properties.keys() >= {"retries", "port"}
    assert "interval" not in read(state, ["retries"])[0].properties


def test_no_mark_is_no_owner_and_a_lock_is_no_tag() -> None:
    (found,) = read(world({"id": 1, "name": "api", "tags": [tag("kumawatch-lock host:1:ab 3")]}))
    assert found.owner is None
    assert found.properties["tags"] == []


@pytest.mark.parametrize(
    ("active", "hidden", "state"),
    [(True, False, "present"), (False, False, "paused"), (False, True, None), (1, 0, "present"), (0, 0, "paused")],
)
def test_a_state_is_known_unless_a_group_above_is_paused(active: Any, hidden: Any, state: str | None) -> None:
    (found,) = read(world({"id": 1, "name": "api", "active": active, "forceInactive": hidden}))
    assert found.properties["state"] == state


def family(**states: bool) -> State:
    """outer > inner > leaf, with what the server says of a paused outer group."""
    return world(
        {"id": 1, "name": "outer", "type": "group", "active": states.get("outer", False)},
        {"id": 2, "name": "inner", "type": "group", "parent": 1, "active": False, "forceInactive": True},
        {"id": 3, "name": "leaf", "parent": 2, "active": False, "forceInactive": True},
    )


@pytest.mark.parametrize(
    ("outer", "inner", "found"),
    [
        (None, None, set()),
        ({"state": "present"}, None, {2, 3}),
        ({"state": "present"}, {"state": "present"}, {2, 3}),
        ({"state": "present"}, {"state": "paused"}, {2}),
        ({"state": "paused"}, {"state": "present"}, set()),
        ({"state": "present", "ignore": ["state"]}, None, set()),
        ({"state": "present"}, {"state": "paused", "ignore": ["state"]}, {2, 3}),
    ],
)
def test_below_a_group_that_is_resumed_states_come_to_light(
    outer: Entry | None, inner: Entry | None, found: set[int]
) -> None:
    entries = [
        *([{"name": "outer", **outer}] if outer else []),
        *([{"name": "inner", "group": "outer", **inner}] if inner else []),
    ]
    state = family()
    assert model.resurfacing(entries, state, MonitorIndex(state.monitors or {})) == found


def test_a_state_that_comes_to_light_is_set() -> None:
    state = family()
    kind = Monitors([group("outer"), {"name": "leaf", "group": ["outer", "inner"], "state": "paused"}])
    kind.owner = "me"
    decided = kind.plan(state, NEW)
    assert {change.label: dict(change.differences) for change in decided.update} == {
        "outer": {"state": decided.update[0].differences["state"]},
        "outer / inner / leaf": {"state": decided.update[1].differences["state"]},
    }
    assert decided.update[1].differences["state"].before == "unknown"
    assert decided.update[1].differences["state"].after == "paused"


# -- what means the same -----------------------------------------------------------------------------------------------

SAME: list[tuple[str, Any, Any]] = [
    # option, as the server has it, as it is declared
    ("interval", 60.0, 60),
    ("interval", "60", 60),
    ("timeout", 48, 48.0),
    ("upside_down", 0, False),
    ("upside_down", 1, True),
    ("upside_down", None, False),
    ("description", None, ""),
    ("body", None, ""),
    ("headers", None, ""),
    ("headers", '{"a":"b","c":1}', {"c": 1, "a": "b"}),
    ("headers", '{\n  "a": "b"\n}', '{"a":"b"}'),
    ("body", "  text\n", "text"),
    ("body", "null", "null"),
    ("accepted_status_codes", ["301", "200-299"], ["200-299", "301"]),
    ("auth_method", None, "none"),
    ("ip_family", None, "auto"),
    ("kafka_producer_brokers", ["b:1", "a:1"], ["a:1", "b:1"]),
    ("kafka_producer_sasl_options", {"username": "u", "mechanism": "plain"}, {"mechanism": "plain", "username": "u"}),
    ("conditions", [], []),
    ("conditions", None, []),
]

DIFFERENT: list[tuple[str, Any, Any]] = [
    ("interval", 60, 61),
    ("port", None, 0),
    ("body", None, "null"),
    ("timeout", 48, 4.8),
    ("upside_down", 1, False),
    ("description", "a", "A"),
    ("headers", '{"a": 1}', {"a": True}),
    ("headers", '{"a": [1, 2]}', {"a": [2, 1]}),
    ("headers", '{"a": "1"}', {"a": 1}),
    ("accepted_status_codes", ["200"], ["200", "201"]),
    ("rabbitmq_nodes", ["https://b", "https://a"], ["https://a", "https://b"]),
    ("conditions", [{"value": "1"}], [{"value": "2"}]),
    ("auth_method", "basic", "none"),
]


def same(option: str, before: Any, after: Any) -> bool:
    item = field_for(option)
    return model.equal(option, normal(item, before), normal(item, after), NEW)


@pytest.mark.parametrize(("option", "before", "after"), SAME)
def test_the_same(option: str, before: Any, after: Any) -> None:
    assert same(option, before, after)


@pytest.mark.parametrize(("option", "before", "after"), DIFFERENT)
def test_different(option: str, before: Any, after: Any) -> None:
    assert not same(option, before, after)


@pytest.mark.parametrize("text", ["NaN", '{"a": NaN}', "Infinity", "-Infinity"])
def test_what_only_python_takes_for_json_is_equal_to_itself(text: str) -> None:
    assert same("body", text, text)


def test_tag_colours_differ_only_where_the_monitor_bears_the_tag() -> None:
    assert model.equal("tag_colors", {"a": "#ABCDEF"}, {"a": "#abcdef"}, NEW)
    assert not model.equal("tag_colors", {"a": "#ABCDEF"}, {"a": "#000000"}, NEW)
    assert model.equal("tag_colors", {"a": "#ABCDEF"}, {"b": "#000000"}, NEW)
    assert model.equal("tag_colors", None, {"b": "#000000"}, NEW)


def test_a_hidden_state_is_any_state() -> None:
    assert model.equal("state", None, "paused", NEW)
    assert not model.equal("state", "present", "paused", NEW)


def test_what_a_server_does_not_show_is_not_compared() -> None:
    assert model.equal("snmp_v3_username", None, "somebody", NEW)
    assert model.equal("screenshot_delay", None, 500, (2, 4, 0))
    assert not model.equal("screenshot_delay", 0, 500, NEW)


text = st.text(max_size=12) | st.sampled_from(["", " ", "0", "1e5", "NaN", '{"a": 1}', "[]", "true", "null", "ü🚀'\""])
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | text
structures = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3), max_leaves=6
)


def valid(item: Field) -> st.SearchStrategy[Any]:
    """Any value that a user may give for an option."""
    if item.choices:
        return st.sampled_from(item.choices)
    low, high = int(item.minimum or 0), int(item.maximum or 10**9)
    return {
        "str": text,
        "int": st.integers(low, high),
        "float": st.floats(low, high),
        "bool": st.booleans(),
        "list": st.lists(text, max_size=4)
        if item.elements == "str"
        else st.lists(st.dictionaries(text, scalars, max_size=3), max_size=3),
        "dict": st.dictionaries(text, scalars, max_size=3),
        "json": text | st.dictionaries(text, structures, max_size=3) | st.lists(structures, max_size=3),
    }[item.type]


def equal(item: Field, before: Any, after: Any) -> bool:
    return model.equal(item.option, before, after, NEW)


@pytest.mark.parametrize("item", MONITOR_FIELDS, ids=lambda item: item.option)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_what_is_sent_and_read_back_equals_what_was_declared(item: Field, data: st.DataObject) -> None:
    value = data.draw(valid(item))
    declared = normal(item, value)
    assert equal(item, normal(item, declared), declared), "normalising twice changes it"
    # The wire is JSON.
    echo = json.loads(json.dumps(to_wire(item, declared)))
    assert equal(item, normal(item, echo), declared)
    again = json.loads(json.dumps(to_wire(item, normal(item, echo))))
    assert equal(item, normal(item, again), declared)
    if item.type == "int":
        assert equal(item, normal(item, float(value)), declared)
    if item.type == "bool":
        assert equal(item, normal(item, int(value)), declared)


# -- what is sent ------------------------------------------------------------------------------------------------------


def created(entry: Entry, version: Version = NEW, parent: int | None = None, **arguments: Any) -> dict[str, Any]:
    (wanted,) = declare(entry, version=version, **arguments)
    return model.creation(wanted, parent, NAMES, version)


def test_notifications_are_sent_as_an_object_of_ids() -> None:
    assert created(http(notifications=["mail", "chat"]))["notificationIDList"] == {"3": True, "5": True}
    assert created(http(notifications=[]))["notificationIDList"] == {}
    assert created(http())["notificationIDList"] == {}


def test_a_creation_holds_name_type_parent_and_state() -> None:
    payload = created(http(group="g", proxy="http://proxy.example.com:3128"), parent=9, types={("g",): "group"})
    assert (payload["name"], payload["type"], payload["parent"], payload["active"]) == ("api", "http", 9, True)
    assert payload["proxyId"] == 11
    assert created(http(state="paused"))["active"] is False


@pytest.mark.parametrize(
    ("kind", "version"),
    [(kind, version) for kind in MONITOR_TYPES for version in VERSIONS if is_known(MONITOR_TYPES[kind], version)],
)
def test_nothing_is_sent_that_the_version_does_not_know(kind: str, version: Version) -> None:
    wanted = Desired(("x",), "x", 0, {"type": kind, "state": "present"})
    known = {item.wire for item in (*MONITOR_FIELDS, *REFERENCES) if is_known(item, version)} | set(ENGINE_KEYS)
    payload = model.creation(wanted, None, NAMES, version)
    assert payload.keys() <= known
    assert isinstance(payload["accepted_statuscodes"], list)
    assert ("conditions" in payload) == (version >= (2, 0, 0))
    json.dumps(payload)
    # Whatever the server shows besides, it must not get back.
    monitor = {**payload, "id": 4, "pathName": "x", "tags": [], "conditions": [], "screenshot": None, "childrenIDs": []}
    edited = model.edition(wanted, {"interval"}, monitor, NAMES, version)
    assert edited.keys() <= known
    assert ("conditions" in edited) == (version >= (2, 0, 0))


def test_a_retry_interval_follows_the_interval_and_the_timeout_stays_within() -> None:
    payload = created(http(interval=20))
    assert (payload["retryInterval"], payload["timeout"]) == (20, 16)


def stored(entry: Entry, version: Version = NEW) -> dict[str, Any]:
    """A monitor as the server shows it after it was created."""
    return {**created(entry, version), "id": 4, "pathName": "api", "tags": [], "notificationIDList": {"3": True}}


def edited(entry: Entry, changed: set[str], monitor: dict[str, Any], version: Version = NEW) -> dict[str, Any]:
    (wanted,) = declare(entry, version=version, types={("api",): monitor["type"]})
    return model.edition(wanted, changed, monitor, NAMES, version)


@pytest.mark.parametrize("version", VERSIONS)
def test_an_edit_sends_the_whole_object_and_what_changes(version: Version) -> None:
    monitor = stored(http(headers={"a": "b"}, retries=3, proxy="http://proxy.example.com:3128"), version)
    payload = edited({"name": "api", "interval": 33}, {"interval"}, monitor, version)
    assert payload["interval"] == 33
    for key in (
        "name",
        "type",
        "url",
        "headers",
        "maxretries",
        "proxyId",
        "notificationIDList",
        "accepted_statuscodes",
    ):
        assert payload[key] == monitor[key]
    assert "active" not in payload
    assert "pathName" not in payload
    assert "tags" not in payload
    expected = {item.wire for item in fields_of("http", version) if item.wire in monitor and is_readable(item, version)}
    assert expected <= payload.keys()


def test_an_edit_leaves_declared_options_that_do_not_change_or_are_ignored() -> None:
    monitor = stored(http(interval=50))
    payload = edited(http(interval=33, retries=5, ignore=["interval"]), {"retries"}, monitor)
    assert (payload["interval"], payload["maxretries"]) == (50, 5)


def test_an_edit_of_notifications_is_exact() -> None:
    monitor = stored(http())
    assert edited(http(notifications=["mail"]), {"notifications"}, monitor)["notificationIDList"] == {"5": True}
    assert edited(http(notifications=[]), {"notifications"}, monitor)["notificationIDList"] == {}


def test_an_edit_can_take_a_proxy_away() -> None:
    monitor = stored(http(proxy="http://proxy.example.com:3128"))
    assert edited(http(proxy=""), {"proxy"}, monitor)["proxyId"] is None


def test_what_the_server_does_not_show_goes_along_with_an_edit() -> None:
    entry = {"name": "api", "type": "manual", "manual_status": "down"}
    monitor = {"id": 4, "name": "api", "type": "manual", "interval": 60, "accepted_statuscodes": None}
    assert edited(entry, {"interval"} & set(), monitor)["manual_status"] == 0
    assert "manual_status" not in edited({**entry, "ignore": ["manual_status"]}, set(), monitor)


def test_codes_and_conditions_that_the_server_shows_as_null_are_sent_as_lists() -> None:
    monitor = {"id": 4, "name": "api", "type": "http", "accepted_statuscodes": None, "conditions": None}
    payload = edited({"name": "api"}, set(), monitor)
    assert (payload["accepted_statuscodes"], payload["conditions"]) == ([], [])


def test_another_type_brings_its_presets_but_keeps_what_is_there() -> None:
    monitor = stored(http(interval=90))
    payload = edited({"name": "api", "type": "dns", "hostname": "example.com"}, {"type", "hostname"}, monitor)
    assert (payload["type"], payload["hostname"], payload["interval"]) == ("dns", "example.com", 90)
    assert (payload["dns_resolve_server"], payload["port"], payload["dns_resolve_type"]) == ("1.1.1.1", 53, "A")


# -- groups that stay, and the order of changes ------------------------------------------------------------------------


def decide(entries: Sequence[Entry], state: State, **options: Any) -> tuple[Plan, Monitors]:
    kind = Monitors(entries)
    kind.owner = "me"
    for name, value in options.items():
        setattr(kind, name, value)
    return kind.plan(state, NEW), kind


MARKED = [tag("managed-by", "me")]


def test_a_group_with_a_stranger_in_it_is_not_purged() -> None:
    state = world(
        {"id": 1, "name": "g", "type": "group", "tags": MARKED},
        {"id": 2, "name": "h", "type": "group", "parent": 1, "tags": MARKED},
        {"id": 3, "name": "theirs", "parent": 2},
        {"id": 4, "name": "ours", "parent": 2, "tags": MARKED},
    )
    decided, kind = decide([], state, purge=True)
    assert [change.label for change in decided.delete] == ["g / h / ours"]
    assert decided.unmanaged == ("g", "g / h", "g / h / theirs")
    assert sorted(kind.warnings) == [
        "monitor 'g / h' is not purged, 'theirs', which is not ours, is still in it.",
        "monitor 'g' is not purged, 'h', which is not ours, is still in it.",
    ]


@pytest.mark.parametrize("there", [True, False])
def test_a_group_that_a_declared_monitor_is_in_is_not_purged(there: bool) -> None:
    monitors = [{"id": 1, "name": "g", "type": "group", "tags": MARKED}]
    if there:
        monitors.append({"id": 2, "name": "api", "parent": 1, "tags": MARKED, "url": "https://api.example.com"})
    decided, kind = decide([http(group="g")], world(*monitors), purge=True)
    assert decided.delete == ()
    assert kind.warnings == ["monitor 'g' is not purged, 'api', is declared in it."]


def test_a_group_declared_absent_must_be_empty() -> None:
    state = world({"id": 1, "name": "g", "type": "group"}, {"id": 2, "name": "theirs", "parent": 1})
    with pytest.raises(KumawatchError) as caught:
        decide([{"name": "g", "state": "absent"}], state)
    assert str(caught.value) == (
        "monitor 'g' cannot be deleted, 'theirs' is still in it: declare that absent as well, or move it out."
    )


def test_a_group_that_exists_twice_takes_no_new_monitor() -> None:
    state = world({"id": 1, "name": "g", "type": "group"}, {"id": 2, "name": "g", "type": "group"})
    with pytest.raises(KumawatchError) as caught:
        decide([http(group="g")], state)
    assert str(caught.value) == (
        "monitor 'g / api': group names 'g', which exists 2 times on the server (ids 1 and 2): delete or rename all "
        "but one."
    )


def test_groups_come_before_what_is_in_them_and_go_after() -> None:
    state = world(
        {"id": 1, "name": "old", "type": "group", "tags": MARKED},
        {"id": 2, "name": "inner", "type": "group", "parent": 1, "tags": MARKED},
        {"id": 3, "name": "leaf", "parent": 2, "tags": MARKED},
        {"id": 4, "name": "kept", "type": "group", "tags": MARKED, "active": False},
    )
    entries = [http(group=["new", "deep"]), group("deep", group="new"), group("new"), group("kept")]
    decided, kind = decide(entries, state, purge=True)
    stages = [[(type(change), change.label) for change in stage] for stage in kind.stages(decided)]
    assert [[label for _kind, label in stage] for stage in stages] == [
        ["new"],
        ["new / deep"],
        ["new / deep / api"],
        ["kept"],
        ["old / inner / leaf"],
        ["old / inner"],
        ["old"],
    ]
    assert stages[0][0][0] is Create
    assert stages[3][0][0] is Update
