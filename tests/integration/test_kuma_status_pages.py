# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``kuma_status_pages`` against a real server."""

from __future__ import annotations

import asyncio
import base64
import json
import struct
import urllib.request
import zlib
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.client import KumaClient, connect
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.fields import version_text
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.status_pages import StatusPages

MODULE = "kuma_status_pages"
MARKED = "/* managed-by: kumawatch */"


def png(shade: int) -> bytes:
    """A real image of one pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    pixels = zlib.compress(bytes([0, shade]))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def data_url(shade: int) -> str:
    return "data:image/png;base64," + base64.b64encode(png(shade)).decode()


def visit(kuma: Any, slug: str) -> dict[str, Any]:
    """What a visitor's browser gets, the server's cache included."""
    with urllib.request.urlopen(f"{kuma.url}/api/status-page/{slug}", timeout=10) as answer:
        return dict(json.load(answer))


def page(kuma: Any, slug: str) -> dict[str, Any]:
    return dict(kuma.call("getStatusPage", slug)["config"])


def pinned(kuma: Any, slug: str) -> list[tuple[str, str, str]]:
    public = visit(kuma, slug)
    found = public.get("incidents") or ([public["incident"]] if public.get("incident") else [])
    return sorted((item["title"], item["content"], item["style"]) for item in found)


@pytest.fixture
def monitors(kuma: Any, run_module: Any) -> None:
    """Two groups with monitors in them, one name in both."""
    entries = [
        {"name": "production", "type": "group"},
        {"name": "staging", "type": "group"},
        *(
            {"name": name, "group": group, "type": "http", "url": f"https://{name}.{group}.invalid/", "state": "paused"}
            for group in ("production", "staging")
            for name in ("api", "shop")
        ),
        {"name": "dns", "type": "http", "url": "https://dns.invalid/", "state": "paused"},
    ]
    result = run_module("kuma_monitors", {"monitors": entries})
    assert not result["failed"], result["msg"]


FULL = {
    "slug": "production",
    "title": "Example status",
    "description": "What we run for **you**.",
    "icon": "https://example.com/logo.png",
    "theme": "dark",
    "show_tags": True,
    "domain_names": ["status.example.com", "status.example.org"],
    "custom_css": "body { color: red; }\n",
    "footer_text": "Bye.",
    "show_powered_by": False,
    "show_certificate_expiry": True,
    "analytics": {"type": "google", "id": "G-1"},
    "groups": [
        {"name": "Services", "monitors": [["production", "shop"], {"monitor": "production / api", "show_url": True}]},
        {"name": "Other", "monitors": ["dns", ["staging", "api"]]},
        {"name": "Empty"},
    ],
    "incidents": [{"title": "Slow", "content": "We work on it.", "style": "danger"}],
}
SINCE_2 = {"auto_refresh_interval": 60}
SINCE_2_1 = {
    "show_only_last_heartbeat": True,
    "rss_title": "News",
    "analytics": {"type": "umami", "id": "site", "script_url": "https://umami.example.com/script.js"},
}


def full(kuma: Any) -> dict[str, Any]:
    """Everything that this server's version knows."""
    version = kuma.version
    return {**FULL, **(SINCE_2 if version >= (2, 0, 0) else {}), **(SINCE_2_1 if version >= (2, 1, 0) else {})}


@pytest.mark.usefixtures("monitors")
def test_a_page_is_predicted_then_made_then_left_alone(kuma: Any, run_module: Any) -> None:
    entry = full(kuma)
    predicted = run_module(MODULE, {"status_pages": [entry]}, check=True)
    assert predicted["msg"] == "1 to create, 0 to update, 0 to delete, 0 unchanged"
    made = run_module(MODULE, {"status_pages": [entry]})
    assert not made["failed"], made["msg"]
    assert (made["created"], made["diff"]) == (predicted["created"], predicted["diff"])
    assert made["msg"] == "1 created, 0 updated, 0 deleted, 0 unchanged"
    again = run_module(MODULE, {"status_pages": [entry]})
    assert (again["changed"], again["msg"]) == (False, "0 created, 0 updated, 0 deleted, 1 unchanged")
    assert again["diff"] == []

    config = page(kuma, "production")
    assert config["title"] == "Example status"
    assert config["description"] == "What we run for **you**."
    assert config["icon"] == "https://example.com/logo.png"
    assert config["theme"] == "dark"
    assert (config["showTags"], config["showPoweredBy"], config["showCertificateExpiry"]) == (True, False, True)
    assert sorted(config["domainNameList"]) == ["status.example.com", "status.example.org"]
    assert config["customCSS"] == f"body {{ color: red; }}\n{MARKED}"
    assert config["footerText"] == "Bye."
    if kuma.version >= (2, 1, 0):
        assert (config["analyticsType"], config["analyticsId"]) == ("umami", "site")
        assert config["analyticsScriptUrl"] == "https://umami.example.com/script.js"
        assert (config["autoRefreshInterval"], config["rssTitle"]) == (60, "News")
        assert config["showOnlyLastHeartbeat"] is True
    else:
        assert config["googleAnalyticsId"] == "G-1"
    public = visit(kuma, "production")
    groups = [(group["name"], [item["name"] for item in group["monitorList"]]) for group in public["publicGroupList"]]
    assert groups == [("Services", ["shop", "api"]), ("Other", ["dns", "api"]), ("Empty", [])]
    api = public["publicGroupList"][0]["monitorList"][1]
    assert api["url"] == "https://api.production.invalid/"
    assert "url" not in public["publicGroupList"][0]["monitorList"][0]
    assert pinned(kuma, "production") == [("Slow", "We work on it.", "danger")]


@pytest.mark.usefixtures("monitors")
def test_what_is_not_declared_stays_and_what_is_declared_is_exact(kuma: Any, run_module: Any) -> None:
    run_module(MODULE, {"status_pages": [full(kuma)]})
    before = page(kuma, "production"), visit(kuma, "production")["publicGroupList"]
    result = run_module(MODULE, {"status_pages": [{"slug": "production", "footer_text": "See you."}]})
    assert result["updated"] == ["production"], result["msg"]
    assert result["diff"][0]["before"] == {"footer_text": "Bye."}
    assert result["diff"][0]["after"] == {"footer_text": "See you."}
    after = page(kuma, "production"), visit(kuma, "production")["publicGroupList"]
    assert after[0] == {**before[0], "footerText": "See you."}
    assert after[1] == before[1]

    groups = [{"name": "Other", "monitors": [["staging", "api"], "dns"]}]
    result = run_module(MODULE, {"status_pages": [{"slug": "production", "groups": groups}]})
    assert result["diff"][0]["after"] == {"groups": [{"name": "Other", "monitors": ["staging / api", "dns"]}]}
    assert result["diff"][0]["before"]["groups"][0] == {
        "name": "Services",
        "monitors": ["production / shop", {"monitor": "production / api", "show_url": True}],
    }
    shown = visit(kuma, "production")["publicGroupList"]
    assert [(group["name"], [item["name"] for item in group["monitorList"]]) for group in shown] == [
        ("Other", ["api", "dns"])
    ]
    assert shown[0]["id"] == before[1][1]["id"]
    result = run_module(MODULE, {"status_pages": [{"slug": "production", "groups": [], "analytics": {}, "icon": ""}]})
    assert sorted(result["diff"][0]["after"]) == ["analytics", "groups", "icon"]
    assert visit(kuma, "production")["publicGroupList"] == []
    entry = {"slug": "production", "groups": [], "analytics": {}, "icon": "", "domain_names": [], "custom_css": ""}
    assert run_module(MODULE, {"status_pages": [entry]})["changed"] is True
    assert run_module(MODULE, {"status_pages": [entry]})["changed"] is False
    assert page(kuma, "production")["customCSS"] == MARKED


@pytest.mark.usefixtures("monitors")
def test_a_hand_edit_comes_back_with_a_diff_unless_ignored(kuma: Any, run_module: Any) -> None:
    entry = full(kuma)
    run_module(MODULE, {"status_pages": [entry]})
    config = page(kuma, "production")
    groups = visit(kuma, "production")["publicGroupList"]
    kuma.call("saveStatusPage", "production", {**config, "title": "Oops"}, config["icon"], [groups[1], groups[0]])
    ignoring = run_module(MODULE, {"status_pages": [{**entry, "ignore": ["title", "groups"]}]})
    assert ignoring["changed"] is False, ignoring["diff"]
    result = run_module(MODULE, {"status_pages": [entry]})
    assert result["updated"] == ["production"]
    assert result["diff"][0]["before"]["title"] == "Oops"
    assert result["diff"][0]["after"]["title"] == "Example status"
    assert [group["name"] for group in result["diff"][0]["before"]["groups"]] == ["Other", "Services"]
    assert run_module(MODULE, {"status_pages": [entry]})["changed"] is False


@pytest.mark.usefixtures("monitors")
def test_a_custom_url_is_the_monitors_own_or_another(kuma: Any, run_module: Any) -> None:
    monitor = {"monitor": ["production", "api"], "custom_url": "https://docs.example.com/"}
    params = {"status_pages": [{"slug": "p", "title": "P", "groups": [{"name": "G", "monitors": [monitor]}]}]}
    result = run_module(MODULE, params)
    if kuma.version < (2, 0, 0):
        assert result["msg"] == (
            "status page 'p': group 'G': custom_url of monitor 'production / api' needs Uptime Kuma 2.0.0; the "
            f"server has {version_text(kuma.version)}: upgrade it, or leave this out."
        )
        return
    assert not result["failed"], result["msg"]
    assert visit(kuma, "p")["publicGroupList"][0]["monitorList"][0]["url"] == "https://docs.example.com/"
    assert run_module(MODULE, params)["changed"] is False
    # Something else changes: the URL stays.
    run_module(MODULE, {"status_pages": [{"slug": "p", "title": "Q"}]})
    assert visit(kuma, "p")["publicGroupList"][0]["monitorList"][0]["url"] == "https://docs.example.com/"
    monitor.update(custom_url="https://api.production.invalid/")
    assert run_module(MODULE, {"status_pages": params["status_pages"]})["changed"] is True
    assert run_module(MODULE, {"status_pages": params["status_pages"]})["changed"] is False
    # Not frozen: the page follows the monitor.
    edited = {"name": "api", "group": "production", "url": "https://new.invalid/"}
    run_module("kuma_monitors", {"monitors": [edited]})
    assert visit(kuma, "p")["publicGroupList"][0]["monitorList"][0]["url"] == "https://new.invalid/"


def test_a_logo_is_compared_by_its_content(kuma: Any, run_module: Any, tmp_path: Path) -> None:
    logo = tmp_path / "logo.png"
    logo.write_bytes(png(10))
    by_file = {"status_pages": [{"slug": "p", "title": "P", "icon_file": str(logo)}]}
    by_data = {"status_pages": [{"slug": "p", "title": "P", "icon": data_url(10)}]}
    result = run_module(MODULE, by_file)
    assert not result["failed"], result["msg"]
    assert result["diff"][0]["after"]["icon"].startswith(f"PNG image, {len(png(10))} bytes, sha256 ")
    stored = page(kuma, "p")["icon"]
    assert stored.startswith("/upload/logo")
    with urllib.request.urlopen(kuma.url + stored, timeout=10) as answer:
        assert answer.read() == png(10)
    for same in (by_file, by_data):
        assert run_module(MODULE, same)["changed"] is False
    run_module(MODULE, {"status_pages": [{"slug": "p", "title": "Q"}]})
    assert page(kuma, "p")["icon"] == stored
    logo.write_bytes(png(200))
    assert run_module(MODULE, by_file, check=True)["changed"] is True
    assert run_module(MODULE, by_file)["changed"] is True
    with urllib.request.urlopen(kuma.url + page(kuma, "p")["icon"], timeout=10) as answer:
        assert answer.read() == png(200)
    assert run_module(MODULE, {"status_pages": [{"slug": "p", "icon": "/some.png"}]})["changed"] is True
    assert page(kuma, "p")["icon"] == "/some.png"
    assert run_module(MODULE, {"status_pages": [{"slug": "p", "icon": "/some.png"}]})["changed"] is False


def test_incidents_are_pinned_edited_and_unpinned_and_visitors_see_it_at_once(kuma: Any, run_module: Any) -> None:
    def run(incidents: list[dict[str, str]], **more: Any) -> dict[str, Any]:
        entry = {"slug": "p", "title": "P", "incidents": incidents}
        result: dict[str, Any] = run_module(MODULE, {"status_pages": [entry]}, **more)
        assert not result["failed"], result["msg"]
        return result

    slow = {"title": "Slow", "content": "We work on it."}
    assert run([slow])["changed"] is True
    assert pinned(kuma, "p") == [("Slow", "We work on it.", "warning")]
    assert run([slow])["changed"] is False
    first = visit(kuma, "p")
    slow["content"] = "It is better."
    assert run([slow])["changed"] is True
    assert pinned(kuma, "p") == [("Slow", "It is better.", "warning")]
    second = visit(kuma, "p")
    key = "incidents" if "incidents" in first else "incident"
    one, other = ((item[key][0] if key == "incidents" else item[key])["id"] for item in (first, second))
    assert one == other, "an incident is known by its title"
    # Pinned by hand, while visitors' browsers still get the old answer from the server's cache.
    kuma.call("postIncident", "p", {"title": "Down", "content": "Really.", "style": "danger"})
    assert run([slow], check=True)["diff"][0]["before"] != run([slow], check=True)["diff"][0]["after"]
    assert run([slow])["changed"] is True
    assert pinned(kuma, "p") == [("Slow", "It is better.", "warning")]
    assert run([{"title": "Other", "content": "Text", "style": "primary"}])["changed"] is True
    assert pinned(kuma, "p") == [("Other", "Text", "primary")]
    if kuma.version >= (2, 1, 0):
        both = [{"title": "A", "content": "a"}, {"title": "Other", "content": "Text", "style": "primary"}]
        assert run(both)["changed"] is True
        assert pinned(kuma, "p") == [("A", "a", "warning"), ("Other", "Text", "primary")]
        assert run(both)["changed"] is False
    assert run([])["changed"] is True
    assert pinned(kuma, "p") == []
    assert run([])["changed"] is False


def test_marks_adopt_purge_and_respect_other_owners(kuma: Any, run_module: Any) -> None:
    for slug in ("by-hand", "mine", "theirs"):
        kuma.call("addStatusPage", slug.title(), slug)
    config = page(kuma, "by-hand")
    kuma.call("saveStatusPage", "by-hand", {**config, "customCSS": "a { b: c }"}, "", [])
    adopted = run_module(MODULE, {"status_pages": [{"slug": "mine"}, {"slug": "new", "title": "New"}]})
    assert (adopted["created"], adopted["adopted"], adopted["unmanaged"]) == (["new"], ["mine"], ["by-hand", "theirs"])
    assert page(kuma, "mine")["customCSS"] == MARKED
    theirs = run_module(MODULE, {"status_pages": [{"slug": "theirs"}], "managed_by": "others"})
    assert theirs["adopted"] == ["theirs"]
    refused = run_module(MODULE, {"status_pages": [{"slug": "theirs"}]})
    assert refused["msg"] == (
        "status page 'theirs' belongs to managed_by 'others', not to 'kumawatch': remove the entry, or the mark on "
        "the server "
        "if it is to change hands."
    )
    params = {"status_pages": [{"slug": "mine"}], "purge": True}
    over = run_module(MODULE, {**params, "max_deletions": 0})
    assert over["msg"] == (
        "purge would delete 1 status pages ('new'), more than max_deletions=0 allows: nothing was deleted; raise "
        "max_deletions if that is what you want."
    )
    predicted = run_module(MODULE, params, check=True)
    purged = run_module(MODULE, params)
    assert predicted["deleted"] == purged["deleted"] == ["new"]
    assert purged["unmanaged"] == ["by-hand", "theirs"]
    assert page(kuma, "by-hand")["customCSS"] == "a { b: c }"
    gone = run_module(
        MODULE, {"status_pages": [{"slug": "mine", "state": "absent"}, {"slug": "no", "state": "absent"}]}
    )
    assert (gone["deleted"], gone["unchanged"]) == (["mine"], ["no"])


def test_a_domain_is_not_taken_from_a_page_that_is_not_declared(kuma: Any, run_module: Any) -> None:
    run_module(MODULE, {"status_pages": [{"slug": "a", "title": "A", "domain_names": ["x.example.com"]}]})
    thief = {"slug": "b", "title": "B", "domain_names": ["x.example.com"]}
    refused = run_module(MODULE, {"status_pages": [thief]})
    assert refused["msg"] == (
        "status page 'b': the domain 'x.example.com' belongs to status page 'a': remove it there first."
    )
    moved = run_module(MODULE, {"status_pages": [thief, {"slug": "a", "domain_names": []}]})
    assert not moved["failed"], moved["msg"]
    assert page(kuma, "b")["domainNameList"] == ["x.example.com"]
    assert page(kuma, "a")["domainNameList"] == []
    back = run_module(MODULE, {"status_pages": [{"slug": "a", "domain_names": ["x.example.com"]}], "purge": True})
    assert back["deleted"] == ["b"], back["msg"]
    assert page(kuma, "a")["domainNameList"] == ["x.example.com"]


def test_check_mode_on_an_empty_server_takes_monitors_that_are_still_to_come(kuma: Any, run_module: Any) -> None:
    monitors = {
        "monitors": [
            {"name": "production", "type": "group"},
            {"name": "api", "group": "production", "type": "http", "url": "https://api.invalid/", "state": "paused"},
        ]
    }
    entry = {"slug": "p", "title": "P", "groups": [{"name": "G", "monitors": [["production", "api"], "production"]}]}
    coming = run_module("kuma_monitors", monitors, check=True)["created"]
    refused = run_module(MODULE, {"status_pages": [entry]}, check=True)
    assert refused["msg"] == (
        "status page 'p': group 'G' names 'production / api', which is no monitor on the server: create it, or "
        "correct the "
        "name."
    )
    predicted = run_module(MODULE, {"status_pages": [entry], "pending_monitors": coming}, check=True)
    assert predicted["created"] == ["p"], predicted["msg"]
    not_checking = run_module(MODULE, {"status_pages": [entry], "pending_monitors": coming})
    assert not_checking["msg"] == refused["msg"], "honoured in check mode only"
    run_module("kuma_monitors", monitors)
    made = run_module(MODULE, {"status_pages": [entry], "pending_monitors": coming})
    assert (made["created"], made["diff"]) == (predicted["created"], predicted["diff"])


@pytest.mark.usefixtures("monitors")
def test_check_mode_knows_that_deleted_monitors_leave_their_pages(kuma: Any, run_module: Any) -> None:
    groups = [{"name": "G", "monitors": [["production", "api"], "dns"]}]
    run_module(MODULE, {"status_pages": [{"slug": "p", "title": "P", "groups": groups}]})
    leaving = {"monitors": [{"name": "dns", "state": "absent"}]}
    less = {"status_pages": [{"slug": "p", "groups": [{"name": "G", "monitors": [["production", "api"]]}]}]}
    deleted = run_module("kuma_monitors", leaving, check=True)["deleted"]
    assert run_module(MODULE, less, check=True)["changed"] is True
    predicted = run_module(MODULE, {**less, "pending_deleted_monitors": deleted}, check=True)
    run_module("kuma_monitors", leaving)
    made = run_module(MODULE, less)
    assert predicted["changed"] is made["changed"] is False, made["diff"]


@pytest.mark.usefixtures("monitors")
def test_an_export_applied_to_an_empty_server_gives_the_same_export(kuma: Any, run_module: Any) -> None:
    entry = full(kuma)
    del entry["icon"]
    run_module(MODULE, {"status_pages": [{**entry, "icon": data_url(7)}, {"slug": "plain", "title": "Plain"}]})
    exported = export(kuma)
    assert [item["slug"] for item in exported] == ["plain", "production"]
    assert exported[1]["icon"] == data_url(7)
    assert run_module(MODULE, {"status_pages": exported})["changed"] is False
    for slug in ("production", "plain"):
        kuma.call("deleteStatusPage", slug)
    made = run_module(MODULE, {"status_pages": exported})
    assert made["created"] == ["plain", "production"], made["msg"]
    assert export(kuma) == exported
    assert run_module(MODULE, {"status_pages": exported})["changed"] is False


def export(kuma: Any) -> list[dict[str, Any]]:
    """As an export of everything does it."""

    async def read() -> list[dict[str, Any]]:
        kind = StatusPages((), everything=True)
        async with connect(kuma.connection, kind.lists) as client:
            await kind.read(client)
            return sorted(
                (StatusPages.export(item) for item in kind.actual(client.state)), key=lambda item: str(item["slug"])
            )

    return asyncio.run(read())


@pytest.mark.usefixtures("monitors")
def test_many_pages_at_once(kuma: Any, run_module: Any) -> None:
    entries = [
        {
            "slug": f"page-{number}",
            "title": f"Page {number}",
            "domain_names": [f"p{number}.example.com"],
            "groups": [{"name": "G", "monitors": ["dns", ["production", "api"]]}],
            "incidents": [{"title": "T", "content": f"number {number}"}],
        }
        for number in range(30)
    ]
    made = run_module(MODULE, {"status_pages": entries})
    assert len(made["created"]) == 30, made["msg"]
    for number in (0, 29):
        assert visit(kuma, f"page-{number}")["publicGroupList"][0]["monitorList"][1]["name"] == "api"
        assert pinned(kuma, f"page-{number}") == [("T", f"number {number}", "warning")]
    again = run_module(MODULE, {"status_pages": entries})
    assert (again["changed"], len(again["unchanged"])) == (False, 30)
    purged = run_module(MODULE, {"status_pages": entries[:1], "purge": True, "max_deletions": 29})
    assert len(purged["deleted"]) == 29


def test_a_page_that_cannot_be_saved_leaves_nothing_behind_and_the_others_are_made(kuma: Any, run_module: Any) -> None:
    # A file stands where the server wants to put its logos: saving this one page fails.
    if kuma.external:
        pytest.skip("needs the data directory of the server")
    upload = kuma.data / "upload"
    aside = kuma.data / "upload-aside"
    upload.rename(aside)
    upload.write_text("in the way")
    try:
        bad = {"slug": "bad", "title": "Bad", "icon": data_url(1)}
        result = run_module(MODULE, {"status_pages": [bad, {"slug": "good", "title": "Good"}]})
    finally:
        upload.unlink()
        aside.rename(upload)
    assert result["failed"] is True
    assert result["created"] == ["good"]
    assert [failure["name"] for failure in result["failures"]] == ["bad"]
    assert result["msg"].startswith("status page 'bad': ")

    async def slugs(client: KumaClient) -> list[str]:
        return sorted(item["slug"] for item in (client.state.status_pages or {}).values())

    assert kuma.talk(slugs) == ["good"]
    assert run_module(MODULE, {"status_pages": [bad]})["created"] == ["bad"]


@pytest.mark.usefixtures("monitors")
@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (
            {"slug": "Not OK"},
            "status page 'Not OK': slug must consist of small letters and digits, with single hyphens between them.",
        ),
        ({"slug": "p"}, "status page 'p' does not exist yet and has no title: add one."),
        (
            {"slug": "p", "title": "P", "groups": [{"name": "G", "monitors": ["api"]}]},
            "status page 'p': group 'G' names 'api', which 2 monitors are called: write ['production', 'api'] or "
            "['staging', "
            "'api'].",
        ),
        (
            {"slug": "p", "title": "P", "icon_file": "/no/such.png"},
            "status page 'p': icon_file '/no/such.png' cannot be read (No such file or directory): check the path.",
        ),
        (
            {"slug": "p", "title": "P", "ignore": ["colour"]},
            "status page 'p': ignore names 'colour', which is no option of a status page: correct the name.",
        ),
    ],
)
def test_what_cannot_be_right_is_one_sentence(run_module: Any, entry: dict[str, Any], message: str, kuma: Any) -> None:
    assert run_module(MODULE, {"status_pages": [entry]})["msg"] == message


def test_what_the_server_is_too_old_for_is_refused(kuma: Any, run_module: Any) -> None:
    cases: list[tuple[tuple[int, int, int], str, dict[str, Any], str]] = [
        ((2, 0, 0), "2.0.0", {"auto_refresh_interval": 60}, "option 'auto_refresh_interval'"),
        ((2, 1, 0), "2.1.0", {"rss_title": "News"}, "option 'rss_title'"),
        ((2, 1, 0), "2.1.0", {"show_only_last_heartbeat": True}, "option 'show_only_last_heartbeat'"),
        (
            (2, 5, 0),
            "2.5.0",
            {"analytics": {"type": "rybbit", "id": "1", "script_url": "https://r.invalid/s.js"}},
            "analytics type 'rybbit'",
        ),
    ]
    version = kuma.version
    for since, words, option, what in cases:
        entry = {"slug": "p", "title": "P", **option}
        result = run_module(MODULE, {"status_pages": [entry]}, check=True)
        if version >= since:
            assert not result["failed"], result["msg"]
        else:
            assert result["msg"] == (
                f"status page 'p': {what} needs Uptime Kuma {words}; the server has {version_text(version)}: "
                "upgrade it, or leave this out."
            )


def test_check_mode_predicts_on_a_server_without_a_user(fresh_kuma: Any, run_module: Any) -> None:
    result = run_module(MODULE, {"status_pages": [{"slug": "p", "title": "P"}]}, check=True, server=fresh_kuma)
    assert result["created"] == ["p"], result["msg"]
