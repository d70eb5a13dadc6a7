# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Status pages: what is declared, what exists, what is sent."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import InputError, KumawatchError
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma import status_pages as model
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.paths import (
    MonitorIndex,
    pending_paths,
    remaining,
)
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.state import State
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.status_pages import Image, StatusPages

V123 = (1, 23, 17)
V253 = (2, 5, 3)
PNG = b"\x89PNG\r\n\x1a\nrest"
MONITORS: dict[int, dict[str, Any]] = {
    1: {"name": "production", "parent": None, "type": "group"},
    2: {"name": "api", "parent": 1, "url": "https://api.invalid/"},
    3: {"name": "dns", "parent": None, "url": "https://dns.invalid/"},
    4: {"name": "api", "parent": None, "url": "https://other.invalid/"},
}
INDEX = MonitorIndex(MONITORS)


def server_page(**changes: Any) -> dict[str, Any]:
    """A page as 2.5.3 tells of it."""
    return {
        "id": 7, "slug": "p", "title": "P", "description": None, "icon": "/icon.svg", "theme": "auto",
        "autoRefreshInterval": 300, "published": True, "showTags": False, "domainNameList": [], "customCSS": None,
        "footerText": None, "showPoweredBy": True, "analyticsId": None, "analyticsScriptUrl": None,
        "analyticsType": None, "showCertificateExpiry": False, "showOnlyLastHeartbeat": False, "rssTitle": None,
        **changes,
    }  # fmt: skip


def declare(entry: dict[str, Any], version: tuple[int, int, int] = V253, state: State | None = None) -> dict[str, Any]:
    images = {"logo.png": PNG, "logo.jpg": b"\xff\xd8\xff"}
    return dict(model.desired([entry], state or State.empty(), version, INDEX, images)[0].properties)


def refusal(entry: dict[str, Any], version: tuple[int, int, int] = V253) -> str:
    with pytest.raises(KumawatchError) as caught:
        declare({"slug": "p", "title": "P", **entry}, version)
    return str(caught.value)


def test_only_what_is_declared_is_a_property() -> None:
    assert declare({"slug": "p", "title": "P", "theme": None}) == {"title": "P"}
    state = State(status_pages={7: server_page()})
    assert declare({"slug": "p", "icon": "/icon.svg"}, state=state) == {"icon": ""}
    assert declare({"slug": "q", "state": "absent", "title": "ignored"}) == {}


def test_groups_name_monitors_by_path_and_keep_their_order() -> None:
    groups = [
        {"name": "G", "monitors": ["dns", ["api"], "production / api", ["production", "api"][:1]]},
        {"name": "H", "monitors": [{"monitor": ["production", "api"], "show_url": "yes"}]},
    ]
    first, second = declare({"slug": "p", "title": "P", "groups": groups})["groups"]
    assert [item["monitor"] for item in first["monitors"]] == [
        ("dns",),
        ("api",),
        ("production", "api"),
        ("production",),
    ]
    assert second["monitors"] == [{"monitor": ("production", "api"), "show_url": True, "custom_url": None}]


def test_a_custom_url_shows_and_is_none_where_it_is_the_monitors_own() -> None:
    def custom(**monitor: Any) -> dict[str, Any]:
        groups = [{"name": "G", "monitors": [{"monitor": "dns", **monitor}]}]
        properties = declare({"slug": "p", "title": "P", "groups": groups})
        return dict(properties["groups"][0]["monitors"][0])

    assert custom(custom_url="https://x/") == {"monitor": ("dns",), "show_url": True, "custom_url": "https://x/"}
    assert custom(custom_url="https://dns.invalid/") == {"monitor": ("dns",), "show_url": True, "custom_url": None}
    assert custom(show_url=True)["show_url"] is True
    assert custom()["show_url"] is False


def test_pending_monitors_have_no_id_and_can_be_named() -> None:
    index = MonitorIndex({}, pending_paths(["production / api", ["dns"]]))
    entry = {"slug": "p", "title": "P", "groups": [{"name": "G", "monitors": [["production", "api"], "dns", "api"]}]}
    with pytest.raises(InputError) as caught:
        model.desired([entry], State.empty(), V253, index)
    assert str(caught.value) == (
        "status page 'p': group 'G' names monitor 'production / api' twice: remove one of them."
    )
    entry["groups"][0]["monitors"].pop()  # type: ignore[index]
    assert model.desired([entry], State.empty(), V253, index)[0].properties["groups"][0]["monitors"][1]["monitor"] == (
        "dns",
    )


def test_monitors_that_will_be_deleted_are_on_no_page() -> None:
    assert set(remaining(MONITORS, ["production / api", ["dns"]])) == {1, 4}
    assert remaining(MONITORS, []) == MONITORS
    kind = StatusPages((), pending_deleted_monitors=["dns"])
    kind._public = {"p": PUBLIC}
    state = State(status_pages={7: server_page()}, monitors=MONITORS)
    groups = kind.actual(state)[0].properties["groups"]
    assert [[item["monitor"] for item in group["monitors"]] for group in groups] == [[("production", "api")], [], []]


def test_logos() -> None:
    assert declare({"slug": "p", "title": "P", "icon_file": "logo.png"})["icon"] == Image(PNG)
    url = "data:image/png;base64," + base64.b64encode(PNG).decode()
    assert declare({"slug": "p", "title": "P", "icon": url})["icon"] == Image(PNG)
    assert Image(PNG).url == url
    assert "sha256" in str(Image(PNG))
    page = server_page(icon="/upload/logo7.png?t=1")
    assert model.icon(page, {}) == "/upload/logo7.png?t=1", "left as it is"
    assert model.icon(page, {"icon": Image(PNG)}) == url
    assert model.icon(server_page(), {}) == ""
    state = State(status_pages={7: page})
    assert model.actual(state, INDEX, {}, {"p": PNG})[0].properties["icon"] == Image(PNG)
    assert model.actual(state, INDEX, {})[0].properties["icon"] == "/upload/logo7.png?t=1"


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"title": " "}, "status page 'p' does not exist yet and has no title: add one."),
        (
            {"slug": "a--b"},
            "status page 'a--b': slug must consist of small letters and digits, with single hyphens between them.",
        ),
        (
            {"icon_file": "logo.jpg"},
            "status page 'p': icon_file 'logo.jpg' is not a PNG image, the only kind that Uptime Kuma keeps: convert "
            "it, or "
            "give the URL of one.",
        ),
        (
            {"icon": "data:image/png;base64,???"},
            "status page 'p': icon is not a PNG image, the only kind that Uptime Kuma keeps: convert it, or give the "
            "URL of "
            "one.",
        ),
        (
            {"icon": "data:image/svg+xml;base64,PHN2Zz4="},
            "status page 'p': icon is not a PNG image, the only kind that Uptime Kuma keeps: convert it, or give the "
            "URL of "
            "one.",
        ),
        (
            {"analytics": {"id": "1"}},
            "status page 'p': analytics has no type: name one of google, matomo, plausible, rybbit or umami.",
        ),
        (
            {"analytics": {"type": "umami"}},
            "status page 'p': analytics of type 'umami' needs id and script_url: add them.",
        ),
        (
            {"analytics": {"type": "google", "script_url": "x"}},
            "status page 'p': analytics of type 'google' needs id: add it.",
        ),
        (
            {"analytics": {"type": "google", "id": "1", "script_url": "x"}},
            "status page 'p': analytics of type 'google' takes no script_url: remove it.",
        ),
        ({"groups": [{"name": " "}]}, "status page 'p': a group has an empty name: give it one."),
        (
            {"groups": [{"name": "G", "monitors": [{"name": "dns"}]}]},
            "status page 'p': group 'G': one of its monitors has the unknown key 'name': take monitor, show_url and "
            "custom_url.",
        ),
        (
            {"groups": [{"name": "G", "monitors": [{"show_url": True}]}]},
            "status page 'p': group 'G': one of its monitors lacks the key 'monitor': take monitor, show_url and "
            "custom_url.",
        ),
        (
            {"groups": [{"name": "G", "monitors": [{"monitor": "dns", "show_url": "maybe"}]}]},
            "status page 'p': group 'G': show_url of monitor 'dns' is 'maybe', neither true nor false: correct it.",
        ),
        (
            {"groups": [{"name": "G", "monitors": [{"monitor": "dns", "show_url": False, "custom_url": "x"}]}]},
            "status page 'p': group 'G': monitor 'dns' has a custom_url and show_url: false, which hides it: remove "
            "one.",
        ),
        (
            {"groups": [{"name": "G", "monitors": ["api"]}]},
            "status page 'p': group 'G' names 'api', which 2 monitors are called: write ['api'] or ['production', "
            "'api'].",
        ),
        (
            {"incidents": [{"title": "T", "content": " "}]},
            "status page 'p': an incident needs a title and a content: add what is missing.",
        ),
        (
            {"incidents": [{"title": "T", "content": "a"}, {"title": "T", "content": "b"}]},
            "status page 'p': incident 'T' is declared twice: remove one of them.",
        ),
    ],
)
def test_refusals(entry: dict[str, Any], message: str) -> None:
    if "api" in str(entry):  # a bare name that two monitors bear, one of them at the top
        index = MonitorIndex({1: MONITORS[1], 2: MONITORS[2], 4: {**MONITORS[4], "parent": 3}, 3: MONITORS[3]})
        with pytest.raises(KumawatchError) as caught:
            model.desired([{"slug": "p", "title": "P", **entry}], State.empty(), V253, index)
        assert str(caught.value) == message.replace(
            "['api'] or ['production', 'api']", "['dns', 'api'] or ['production', 'api']"
        )
        return
    assert refusal(entry) == message


@pytest.mark.parametrize(
    ("version", "entry", "what", "since"),
    [
        (V123, {"auto_refresh_interval": 5}, "option 'auto_refresh_interval'", "2.0.0"),
        ((2, 0, 2), {"rss_title": "N"}, "option 'rss_title'", "2.1.0"),
        ((2, 0, 2), {"show_only_last_heartbeat": True}, "option 'show_only_last_heartbeat'", "2.1.0"),
        (
            (2, 0, 2),
            {"analytics": {"type": "matomo", "id": "1", "script_url": "x"}},
            "analytics type 'matomo'",
            "2.1.0",
        ),
        (
            (2, 4, 0),
            {"analytics": {"type": "rybbit", "id": "1", "script_url": "x"}},
            "analytics type 'rybbit'",
            "2.5.0",
        ),
        (
            V123,
            {"groups": [{"name": "G", "monitors": [{"monitor": "dns", "custom_url": "x"}]}]},
            "group 'G': custom_url of monitor 'dns'",
            "2.0.0",
        ),
        (
            (2, 0, 2),
            {"incidents": [{"title": "A", "content": "a"}, {"title": "B", "content": "b"}]},
            "more than one incident",
            "2.1.0",
        ),
    ],
)
def test_what_the_version_does_not_know(
    version: tuple[int, int, int], entry: dict[str, Any], what: str, since: str
) -> None:
    has = ".".join(map(str, version))
    assert refusal(entry, version) == (
        f"status page 'p': {what} needs Uptime Kuma {since}; the server has {has}: upgrade it, or leave this out."
    )
    declare({"slug": "p", "title": "P", **entry}, V253)


def test_a_domain_has_one_page() -> None:
    state = State(status_pages={7: server_page(slug="old", domainNameList=["x"])})

    def check(*entries: dict[str, Any], leaving: tuple[str, ...] = ()) -> None:
        model.check_domains(model.desired(entries, state, V253, INDEX), state, leaving)

    with pytest.raises(KumawatchError) as caught:
        check({"slug": "new", "title": "N", "domain_names": ["x"]})
    assert str(caught.value) == (
        "status page 'new': the domain 'x' belongs to status page 'old': remove it there first."
    )
    check({"slug": "new", "title": "N", "domain_names": ["x"]}, {"slug": "old", "state": "absent"})
    check({"slug": "new", "title": "N", "domain_names": ["x"]}, {"slug": "old", "domain_names": []})
    check({"slug": "new", "title": "N", "domain_names": ["x"]}, leaving=("old",))
    with pytest.raises(InputError) as caught:
        check({"slug": "new", "title": "N", "domain_names": ["x"]}, {"slug": "old", "domain_names": ["x"]})
    assert str(caught.value) == ("domain_names: 'x' is declared for status pages 'new' and 'old': decide for one.")


def test_saving_sends_everything_and_changes_what_is_named() -> None:
    page = server_page(customCSS="a {}\n/* managed-by: me */", analyticsType="umami", analyticsId="1", footerText="F")
    config = model.config(page, {"title": "New"}, "me", V253)
    assert config == {
        **{key: value for key, value in page.items() if key != "icon"}, "title": "New", "logo": "",
    }  # fmt: skip
    assert model.config(page, {"custom_css": ""}, "me", V253)["customCSS"] == "/* managed-by: me */"
    assert model.config(page, {}, None, V253)["customCSS"] == "a {}"
    bare = model.config(page, {"analytics": {}}, "me", V253)
    assert (bare["analyticsType"], bare["analyticsId"], bare["analyticsScriptUrl"]) == (None, None, None)
    assert model.config(server_page(analyticsType=""), {}, "me", V253)["analyticsType"] is None
    old = {key: value for key, value in server_page().items() if not key.startswith("analytics")}
    old["googleAnalyticsId"] = "G"
    assert model.config(old, {"analytics": {"type": "google", "id": "H"}}, "me", V123)["googleAnalyticsId"] == "H"
    assert "analyticsType" not in model.config(old, {}, "me", V123)


PUBLIC = {
    "publicGroupList": [
        {"id": 10, "name": "A", "monitorList": [{"id": 2, "sendUrl": 1, "url": "https://docs/"}, {"id": 99}]},
        {"id": 11, "name": "A", "monitorList": []},
        {"id": 12, "name": "B", "monitorList": [{"id": 3, "sendUrl": True, "url": "https://dns.invalid/"}]},
    ],
    "incident": {"id": 5, "title": "T", "content": "c", "style": "info"},
}


def test_groups_keep_their_ids_by_name() -> None:
    unchanged = model.group_list(PUBLIC, {}, INDEX, V253, "p")
    assert unchanged == [
        {"id": 10, "name": "A", "monitorList": [{"id": 2, "sendUrl": True, "url": "https://docs/"}]},
        {"id": 11, "name": "A", "monitorList": []},
        {"id": 12, "name": "B", "monitorList": [{"id": 3, "sendUrl": True}]},
    ]
    dns = {"monitor": ("dns",), "show_url": False, "custom_url": None}
    groups = [{"name": "B", "monitors": [dns]}, {"name": "A", "monitors": []}, {"name": "C", "monitors": []}]
    assert model.group_list(PUBLIC, {"groups": groups}, INDEX, V253, "p") == [
        {"id": 12, "name": "B", "monitorList": [{"id": 3, "sendUrl": False}]},
        {"id": 10, "name": "A", "monitorList": []},
        {"name": "C", "monitorList": []},
    ]


def test_reading_finds_the_mark_the_groups_and_the_incidents() -> None:
    state = State(status_pages={7: server_page(customCSS="a {}\n/* managed-by: me */")})
    item = model.actual(state, INDEX, {"p": PUBLIC})[0]
    assert (item.key, item.owner, item.ident) == ("p", "me", 7)
    assert item.properties["custom_css"] == "a {}"
    assert item.properties["groups"][0]["monitors"] == [
        {"monitor": ("production", "api"), "show_url": True, "custom_url": "https://docs/"}
    ]
    assert item.properties["incidents"] == [{"title": "T", "content": "c", "style": "info"}]
    assert "groups" not in model.actual(state, INDEX, {})[0].properties


TEXT = st.text("ab c", max_size=5).map(str.strip)
NAMED = st.text("abc", min_size=1, max_size=4)
RELATION = st.sampled_from([2, 3, 4]).flatmap(
    lambda ident: st.sampled_from(
        [
            {"id": ident, "sendUrl": False},
            {"id": ident, "sendUrl": True, "url": MONITORS[ident]["url"]},
            {"id": ident, "sendUrl": True, "url": "https://custom/"},
        ]
    )
)
GROUP = st.builds(
    lambda name, items: {"id": 1, "name": name, "monitorList": items},
    NAMED,
    st.lists(RELATION, max_size=3, unique_by=lambda item: item["id"]),
)
PAGE = st.builds(
    server_page,
    title=NAMED,
    description=st.none() | TEXT,
    theme=st.sampled_from(["auto", "light", "dark"]),
    autoRefreshInterval=st.integers(0, 900),
    showTags=st.booleans(),
    domainNameList=st.lists(NAMED, max_size=3, unique=True),
    customCSS=st.none() | TEXT,
    icon=st.sampled_from(["/icon.svg", "https://x/y.png", "/upload/logo7.png?t=5"]),
    analyticsType=st.sampled_from([None, "umami"]),
    analyticsId=st.just("id"),
    analyticsScriptUrl=st.just("https://s/"),
    rssTitle=st.none() | TEXT,
)
INCIDENTS = st.lists(
    st.builds(lambda title: {"id": 1, "title": title, "content": "c", "style": "info"}, NAMED),
    max_size=3,
    unique_by=lambda item: str(item["title"]),
)


@given(PAGE, st.lists(GROUP, max_size=3), INCIDENTS)
@settings(max_examples=60, deadline=None)
def test_an_export_declares_what_exists(
    page: dict[str, Any], groups: list[dict[str, Any]], incidents: list[dict[str, Any]]
) -> None:
    images = {"p": PNG} if page["icon"].startswith("/upload/") else {}
    state = State(status_pages={7: page})
    item = model.actual(state, INDEX, {"p": {"publicGroupList": groups, "incidents": incidents}}, images)[0]
    entry = StatusPages.export(item)
    declared = model.desired([entry], State.empty(), V253, INDEX)[0]
    assert declared.properties == item.properties
    assert declared.key == item.key


def test_the_diff_shows_names_and_no_pixels() -> None:
    kind = StatusPages(())
    value = [{"name": "G", "monitors": [{"monitor": ("a", "b"), "show_url": False, "custom_url": None}]}]
    assert kind.show("groups", value) == [{"name": "G", "monitors": ["a / b"]}]
    value[0]["monitors"][0].update(show_url=True, custom_url="u")  # type: ignore[index]
    assert kind.show("groups", value)[0]["monitors"] == [{"monitor": "a / b", "show_url": True, "custom_url": "u"}]
    assert kind.show("icon", Image(PNG)).startswith("PNG image, 12 bytes")
    assert kind.show("groups", None) == []
