# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``kuma_maintenances`` against a real server."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.client import KumaClient, connect
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.maintenances import Maintenances

MODULE = "kuma_maintenances"
MARKED = "<!-- managed-by: kumawatch -->"

#: An entry of each strategy, and an edit of it.
STRATEGIES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "manual": ({}, {"description": "Other words."}),
    "single": (
        {"start": "2099-12-01 02:00", "end": "2099-12-01T04:30", "timezone": "UTC"},
        {"end": "2099-12-02 01:00:30", "timezone": "Europe/Berlin"},
    ),
    "recurring-interval": (
        {"interval_days": 3, "time_window": {"start": "02:00", "end": "03:30"}},
        {"interval_days": 5, "time_window": {"start": "23:15", "end": "1:05"}},
    ),
    "recurring-weekday": (
        {"weekdays": ["Friday", "monday", 0], "time_window": {"start": "02:00", "end": "03:30"}, "timezone": "UTC"},
        {"weekdays": [2], "start": "2026-01-01", "end": "2098-01-01 00:00"},
    ),
    "recurring-day-of-month": (
        {"days_of_month": ["lastDay1", 15, 1], "time_window": {"start": "02:00", "end": "03:30"}},
        {"days_of_month": [31, 2], "timezone": "America/New_York"},
    ),
    "cron": (
        {"cron": "*/15  1-4 * * mon", "duration_minutes": 5},
        {"cron": "30 3 L * *", "duration_minutes": 90},
    ),
}


def stored(kuma: Any) -> dict[str, dict[str, Any]]:
    """The server's JSON of each maintenance, by title, with its targets."""

    async def read(client: KumaClient) -> dict[str, dict[str, Any]]:
        pages = {ident: page["slug"] for ident, page in (client.state.status_pages or {}).items()}
        monitors = {ident: item["name"] for ident, item in (client.state.monitors or {}).items()}
        found = {}
        for ident, item in (client.state.maintenances or {}).items():
            of_monitors = (await client.call("getMonitorMaintenance", ident))["monitors"]
            of_pages = (await client.call("getMaintenanceStatusPage", ident))["statusPages"]
            found[str(item["title"])] = {
                **item,
                "monitors": sorted(monitors[target["id"]] for target in of_monitors),
                "pages": sorted(pages[target["id"]] for target in of_pages),
            }
        return found

    return dict(kuma.talk(read))


@pytest.fixture
def targets(kuma: Any, run_module: Any) -> None:
    """Monitors and status pages to aim at."""
    entries = [
        {"name": "production", "type": "group"},
        {"name": "api", "group": "production", "type": "http", "url": "https://api.invalid/", "state": "paused"},
        {"name": "dns", "type": "http", "url": "https://dns.invalid/", "state": "paused"},
    ]
    result = run_module("kuma_monitors", {"monitors": entries})
    assert not result["failed"], result["msg"]
    for slug in ("one", "two"):
        kuma.call("addStatusPage", slug.title(), slug)


def test_each_strategy_is_predicted_made_left_alone_and_edited(kuma: Any, run_module: Any) -> None:
    entries = [{"title": name, "strategy": name, **options} for name, (options, _edit) in STRATEGIES.items()]
    predicted = run_module(MODULE, {"maintenances": entries}, check=True)
    assert predicted["msg"] == "6 to create, 0 to update, 0 to delete, 0 unchanged"
    made = run_module(MODULE, {"maintenances": entries})
    assert not made["failed"], (made["msg"], made["failures"])
    assert (made["created"], made["diff"]) == (predicted["created"], predicted["diff"])
    again = run_module(MODULE, {"maintenances": entries})
    assert again["changed"] is False, again["diff"]

    found = stored(kuma)
    assert {title: item["strategy"] for title, item in found.items()} == {name: name for name in STRATEGIES}
    assert {item["description"] for item in found.values()} == {MARKED}
    assert all(item["active"] for item in found.values())
    assert found["manual"]["status"] == "under-maintenance"
    assert found["single"]["status"] == "scheduled"
    assert found["single"]["dateRange"] == ["2099-12-01T02:00", "2099-12-01T04:30"]
    assert found["recurring-weekday"]["cron"] == "0 2 * * 0,1,5"
    assert found["recurring-weekday"]["duration"] == 90 * 60
    assert found["recurring-day-of-month"]["cron"] == "0 2 1,15,L * *"
    assert found["cron"]["durationMinutes"] == 5
    assert found["recurring-interval"]["timezoneOption"] == "SAME_AS_SERVER"

    # Each edited, and only what is edited named.
    edits = [{"title": name, **edit} for name, (_options, edit) in STRATEGIES.items()]
    predicted = run_module(MODULE, {"maintenances": edits}, check=True)
    edited = run_module(MODULE, {"maintenances": edits})
    assert len(edited["updated"]) == 6, edited["msg"]
    assert edited["diff"] == predicted["diff"]
    by_title = {item["after_header"].removeprefix("maintenance "): item for item in edited["diff"]}
    assert by_title["recurring-weekday"]["before"]["weekdays"] == ["monday", "friday", "sunday"]
    assert by_title["recurring-weekday"]["after"] == {
        "weekdays": ["tuesday"],
        "start": "2026-01-01 00:00",
        "end": "2098-01-01 00:00",
    }
    assert run_module(MODULE, {"maintenances": edits})["changed"] is False
    found = stored(kuma)
    assert found["manual"]["description"] == f"Other words.\n{MARKED}"
    assert found["single"]["timezoneOption"] == "Europe/Berlin"
    assert found["recurring-interval"]["duration"] == 110 * 60, "past midnight"
    assert found["recurring-day-of-month"]["daysOfMonth"] == [2, 31]
    assert found["cron"]["duration"] == 90 * 60
    assert found["cron"]["cron"] == "30 3 L * *"


def test_one_that_is_over_is_kept_as_any_other(kuma: Any, run_module: Any) -> None:
    entry = {"title": "M", "strategy": "single", "start": "2020-01-01 02:00", "end": "2020-01-01 03:00"}
    made = run_module(MODULE, {"maintenances": [entry]})
    assert made["created"] == ["M"], made["msg"]
    assert stored(kuma)["M"]["status"] == "ended"
    assert run_module(MODULE, {"maintenances": [entry]})["changed"] is False
    assert run_module(MODULE, {"maintenances": [{**entry, "description": "Done."}]})["updated"] == ["M"]


def test_every_strategy_can_follow_every_other(kuma: Any, run_module: Any) -> None:
    order = ["manual", "single", "cron", "recurring-weekday", "manual", "recurring-interval", "single",
             "recurring-day-of-month", "cron", "recurring-interval", "recurring-weekday", "single"]  # fmt: skip
    for strategy in order:
        params = {"maintenances": [{"title": "M", "strategy": strategy, **STRATEGIES[strategy][0]}]}
        result = run_module(MODULE, params)
        assert (result["failed"], result["changed"]) == (False, True), (strategy, result["msg"])
        assert run_module(MODULE, params)["changed"] is False, strategy
    assert len(stored(kuma)) == 1


@pytest.mark.usefixtures("targets")
def test_targets_are_exact_and_untouched_when_unset(kuma: Any, run_module: Any) -> None:
    entry = {
        "title": "M",
        "strategy": "manual",
        "monitors": [["production", "api"], "dns"],
        "status_pages": ["two", "one"],
    }
    made = run_module(MODULE, {"maintenances": [entry]})
    assert made["diff"][0]["after"]["monitors"] == ["dns", "production / api"], made["msg"]
    assert run_module(MODULE, {"maintenances": [entry]})["changed"] is False
    found = stored(kuma)["M"]
    assert (found["monitors"], found["pages"]) == (["api", "dns"], ["one", "two"])
    result = run_module(MODULE, {"maintenances": [{"title": "M", "description": "Text"}]})
    assert result["diff"][0]["after"] == {"description": "Text"}
    found = stored(kuma)["M"]
    assert (found["monitors"], found["pages"]) == (["api", "dns"], ["one", "two"])
    shrunk = {"title": "M", "monitors": ["production"], "status_pages": []}
    result = run_module(MODULE, {"maintenances": [shrunk]})
    assert result["diff"][0]["before"] == {"monitors": ["dns", "production / api"], "status_pages": ["one", "two"]}
    found = stored(kuma)["M"]
    assert (found["monitors"], found["pages"]) == (["production"], [])
    assert run_module(MODULE, {"maintenances": [shrunk]})["changed"] is False
    assert run_module(MODULE, {"maintenances": [{"title": "M", "monitors": []}]})["changed"] is True
    assert stored(kuma)["M"]["monitors"] == []


def test_active_is_switched_and_survives_an_edit(kuma: Any, run_module: Any) -> None:
    def run(**options: Any) -> dict[str, Any]:
        result: dict[str, Any] = run_module(MODULE, {"maintenances": [{"title": "M", **options}]})
        assert not result["failed"], result["msg"]
        return result

    window = {"start": "00:00", "end": "23:59"}
    run(strategy="recurring-interval", interval_days=1, time_window=window, active=False)
    assert (stored(kuma)["M"]["active"], stored(kuma)["M"]["status"]) == (False, "inactive")
    assert run(active=False)["changed"] is False
    result = run(description="Text")
    assert result["changed"] is True
    assert (stored(kuma)["M"]["active"], stored(kuma)["M"]["status"]) == (False, "inactive")
    assert run(active=True)["diff"][0]["after"] == {"active": True}
    assert stored(kuma)["M"]["active"] is True
    assert run(active=False, description="More")["changed"] is True
    assert stored(kuma)["M"]["active"] is False
    assert run(active=True, description="Most")["changed"] is True
    assert stored(kuma)["M"]["status"] != "inactive"
    # Paused by hand: it comes back, unless it is to be left alone.
    kuma.call("pauseMaintenance", stored(kuma)["M"]["id"])
    assert run(active=True, ignore=["active"])["changed"] is False
    assert run(active=True)["diff"][0]["before"] == {"active": False}


def test_marks_adopt_purge_and_respect_other_owners(kuma: Any, run_module: Any) -> None:
    by_hand = {
        "title": "by hand", "description": "Mine.", "strategy": "manual", "intervalDay": 1, "timezoneOption": "UTC",
        "active": True, "dateRange": [None], "timeRange": [], "weekdays": [], "daysOfMonth": [],
    }  # fmt: skip
    for title in ("by hand", "adopted", "twice", "twice"):
        kuma.call("addMaintenance", {**by_hand, "title": title})
    adopted = run_module(MODULE, {"maintenances": [{"title": "adopted"}, {"title": "new", "strategy": "manual"}]})
    assert (adopted["created"], adopted["adopted"]) == (["new"], ["adopted"]), adopted["msg"]
    assert adopted["unmanaged"] == ["by hand", "twice", "twice"]
    assert stored(kuma)["adopted"]["description"] == f"Mine.\n{MARKED}"
    assert run_module(MODULE, {"maintenances": [{"title": "adopted", "description": "Mine."}]})["changed"] is False
    twice = run_module(MODULE, {"maintenances": [{"title": "twice"}]})
    assert re.fullmatch(
        r"maintenance 'twice' exists 2 times on the server \(ids \d+ and \d+\), so it is not clear which one is meant: "
        r"delete or rename all but one\.",
        twice["msg"],
    )
    refused = run_module(MODULE, {"maintenances": [{"title": "new"}], "managed_by": "others"})
    assert refused["msg"] == (
        "maintenance 'new' belongs to managed_by 'kumawatch', not to 'others': remove the entry, or the mark on the "
        "server if "
        "it is to change hands."
    )
    params = {"maintenances": [{"title": "adopted"}], "purge": True}
    predicted = run_module(MODULE, params, check=True)
    purged = run_module(MODULE, params)
    assert predicted["deleted"] == purged["deleted"] == ["new"]
    assert purged["diff"] == predicted["diff"]
    assert sorted(stored(kuma)) == ["adopted", "by hand", "twice"]
    assert stored(kuma)["by hand"]["description"] == "Mine."
    gone = run_module(MODULE, {"maintenances": [{"title": "adopted", "state": "absent"}]})
    assert gone["deleted"] == ["adopted"]


def test_check_mode_on_an_empty_server_takes_what_is_still_to_come(kuma: Any, run_module: Any) -> None:
    monitors = {"monitors": [{"name": "g", "type": "group"}, {"name": "sub", "group": "g", "type": "group"}]}
    pages = {"status_pages": [{"slug": "p", "title": "P"}]}
    entry = {"title": "M", "strategy": "manual", "monitors": ["sub"], "status_pages": ["p"]}
    pending = {
        "pending_monitors": run_module("kuma_monitors", monitors, check=True)["created"],
        "pending_status_pages": run_module("kuma_status_pages", pages, check=True)["created"],
    }
    refused = run_module(MODULE, {"maintenances": [entry]}, check=True)
    assert refused["msg"] == (
        "maintenance 'M': monitors names 'sub', which is no monitor on the server: create it, or correct the name."
    )
    predicted = run_module(MODULE, {"maintenances": [entry], **pending}, check=True)
    assert predicted["created"] == ["M"], predicted["msg"]
    assert run_module(MODULE, {"maintenances": [entry], **pending})["msg"] == refused["msg"], "in check mode only"
    run_module("kuma_monitors", monitors)
    refused = run_module(MODULE, {"maintenances": [entry]})
    assert refused["msg"] == (
        "maintenance 'M': status_pages names 'p', which is no status page on the server: create it, or correct the "
        "slug."
    )
    run_module("kuma_status_pages", pages)
    made = run_module(MODULE, {"maintenances": [entry]})
    assert made["diff"] == predicted["diff"], made["msg"]


@pytest.mark.usefixtures("targets")
def test_check_mode_knows_that_what_is_deleted_leaves_its_maintenances(kuma: Any, run_module: Any) -> None:
    entry = {"title": "M", "strategy": "manual", "monitors": ["api", "dns"], "status_pages": ["one", "two"]}
    run_module(MODULE, {"maintenances": [entry]})
    monitors = {"monitors": [{"name": "dns", "state": "absent"}]}
    pages = {"status_pages": [{"slug": "two", "state": "absent"}]}
    pending = {
        "pending_deleted_monitors": run_module("kuma_monitors", monitors, check=True)["deleted"],
        "pending_deleted_status_pages": run_module("kuma_status_pages", pages, check=True)["deleted"],
    }
    less = {"maintenances": [{"title": "M", "monitors": ["api"], "status_pages": ["one"]}]}
    assert run_module(MODULE, less, check=True)["changed"] is True
    predicted = run_module(MODULE, {**less, **pending}, check=True)
    run_module("kuma_monitors", monitors)
    run_module("kuma_status_pages", pages)
    made = run_module(MODULE, less)
    assert predicted["changed"] is made["changed"] is False, made["diff"]


@pytest.mark.usefixtures("targets")
def test_an_export_applied_to_an_empty_server_gives_the_same_export(kuma: Any, run_module: Any) -> None:
    entries = [{"title": name, "strategy": name, **options} for name, (options, _edit) in STRATEGIES.items()]
    entries[0].update(description="Text", active=False, monitors=[["production", "api"]], status_pages=["one"])
    run_module(MODULE, {"maintenances": entries})
    exported = export(kuma)
    assert len(exported) == 6
    assert run_module(MODULE, {"maintenances": exported})["changed"] is False
    for item in stored(kuma).values():
        kuma.call("deleteMaintenance", item["id"])
    made = run_module(MODULE, {"maintenances": exported})
    assert len(made["created"]) == 6, made["msg"]
    assert export(kuma) == exported
    assert run_module(MODULE, {"maintenances": exported})["changed"] is False


def export(kuma: Any) -> list[dict[str, Any]]:
    """As an export of everything does it."""

    async def read() -> list[dict[str, Any]]:
        kind = Maintenances((), everything=True)
        async with connect(kuma.connection, kind.lists) as client:
            await kind.read(client)
            return sorted(
                (Maintenances.export(item) for item in kind.actual(client.state)), key=lambda item: str(item["title"])
            )

    return asyncio.run(read())


@pytest.mark.usefixtures("targets")
def test_many_at_once(kuma: Any, run_module: Any) -> None:
    entries = [
        {
            "title": f"M{number}",
            **STRATEGIES["cron"][0],
            "strategy": "cron",
            "monitors": ["dns"],
            "status_pages": ["one"],
        }
        for number in range(30)
    ]
    made = run_module(MODULE, {"maintenances": entries})
    assert len(made["created"]) == 30, made["msg"]
    found = stored(kuma)
    assert all((item["monitors"], item["pages"]) == (["dns"], ["one"]) for item in found.values())
    assert run_module(MODULE, {"maintenances": entries})["changed"] is False
    purged = run_module(MODULE, {"maintenances": entries[:1], "purge": True, "max_deletions": 29})
    assert len(purged["deleted"]) == 29, purged["msg"]
    assert sorted(stored(kuma)) == ["M0"]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (
            {"title": "M"},
            "maintenance 'M' does not exist yet and has no strategy: name one of cron, manual, recurring-day-of-month, "
            "recurring-interval, recurring-weekday or single.",
        ),
        (
            {"title": "M", "strategy": "sometimes"},
            "value of strategy must be one of: manual, single, recurring-interval, recurring-weekday, "
            "recurring-day-of-month, cron, got: sometimes found in maintenances",
        ),
        (
            {"title": "M", "strategy": "recurring-weekday"},
            "maintenance 'M' of strategy 'recurring-weekday' needs weekdays and time_window: add them.",
        ),
        (
            {"title": "M", "strategy": "single", "start": "2099-01-01", "end": "soon"},
            "maintenance 'M': end is 'soon', which is no date and time such as 2026-12-01 02:00 (local to timezone, "
            "without an "
            "offset): correct it.",
        ),
        (
            {"title": "M", "strategy": "manual", "cron": "* * * * *"},
            "maintenance 'M': option 'cron' has no meaning for strategy 'manual', only for cron: remove it.",
        ),
        (
            {"title": "M", "strategy": "cron", "cron": "61 * * * *", "duration_minutes": 5},
            "maintenance 'M': cron '61 * * * *' has '61' as its minute, which is not from 0 to 59: correct it.",
        ),
        (
            {"title": "M", "strategy": "cron", "cron": "* * * * *", "duration_minutes": 5, "timezone": "Mars/Base"},
            "maintenance 'M': timezone 'Mars/Base' is no time zone: write SAME_AS_SERVER, UTC, or a name such as "
            "Europe/Berlin.",
        ),
    ],
)
def test_what_cannot_be_right_is_one_sentence(kuma: Any, run_module: Any, entry: dict[str, Any], message: str) -> None:
    assert run_module(MODULE, {"maintenances": [entry]})["msg"] == message
    assert stored(kuma) == {}


def test_what_the_server_refuses_leaves_nothing_behind_and_the_others_are_made(kuma: Any, run_module: Any) -> None:
    # Well-formed, but not to this server, which says so when the row is stored already.
    line = "0 0 * * 7/1" if kuma.version >= (2, 0, 0) else "0 0 * * 1#1"
    bad = {"title": "bad", "strategy": "cron", "cron": line, "duration_minutes": 5}
    result = run_module(MODULE, {"maintenances": [bad, {"title": "good", "strategy": "manual"}]})
    assert (result["failed"], result["created"], result["changed"]) == (True, ["good"], True)
    assert [failure["name"] for failure in result["failures"]] == ["bad"]
    assert result["msg"].startswith("maintenance 'bad': ")
    assert sorted(stored(kuma)) == ["good"]
    mended = run_module(MODULE, {"maintenances": [{**bad, "cron": "0 0 * * 7"}]})
    assert mended["created"] == ["bad"], mended["msg"]


CHROMIUM = next((path for path in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if path), None)


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: install the package chromium")
def test_visitors_do_not_see_the_mark(kuma: Any, run_module: Any, tmp_path: Path) -> None:
    run_module("kuma_status_pages", {"status_pages": [{"slug": "p", "title": "P", "custom_css": "body { margin: 0 }"}]})
    entry = {"title": "Works", "strategy": "manual", "description": "We **replace** disks.", "status_pages": ["p"]}
    assert not run_module(MODULE, {"maintenances": [entry]})["failed"]
    dumped = subprocess.run(
        [str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}",
         "--virtual-time-budget=15000", "--dump-dom", f"{kuma.url}/status/p"],
        capture_output=True, text=True, timeout=120,
    ).stdout  # fmt: skip
    shown = re.sub(r"(?s)<(script|style)\b.*?</\1>", "", dumped)
    assert "We <strong>replace</strong> disks." in shown, dumped[:3000]
    assert "managed-by" not in shown
