# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The card: what it says, and that it fits however much there is to say."""

from __future__ import annotations

import json
import typing as t
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ansible_collections.kumawatch.monitoring.plugins.module_utils._google_chat import limits
from ansible_collections.kumawatch.monitoring.plugins.module_utils._summary import card
from ansible_collections.kumawatch.monitoring.plugins.module_utils._summary.digest import Incident, Service, digest
from ansible_collections.kumawatch.monitoring.plugins.module_utils._summary.table import table

NOW = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)

SERVICES = [
    Service(
        "api",
        "down",
        99.9,
        0.9931,
        0.998,
        0.99853,
        response_ms=230.4,
        certificate_days=60,
        incidents=(Incident(NOW - timedelta(hours=2, minutes=5)),),
        runbook="https://wiki.example.com/runbooks/api",
    ),
    Service(
        "shop <b>",
        "up",
        99.9,
        0.9861,
        0.998,
        0.9989999,
        response_ms=812,
        certificate_days=6,
        incidents=(Incident(NOW - timedelta(hours=20), NOW - timedelta(hours=19, minutes=40)),),
    ),
    Service("search", "up", 99.5, 1.0, 1.0, 1.0, response_ms=2_440, certificate_days=12),
    Service("old", "paused", 99.9),
    Service("forgotten", "missing", 99.9),
]


def sections(message: dict[str, t.Any]) -> list[dict[str, t.Any]]:
    return t.cast("list[dict[str, t.Any]]", message["cardsV2"][0]["card"]["sections"])


def test_the_card_word_for_word() -> None:
    made = card.message(
        digest("production", SERVICES, NOW),
        links=card.Links(status_page="https://status.example.com", kuma="https://kuma.example.com"),
        zone=ZoneInfo("Europe/Berlin"),
    )
    assert made["thread"] == {"threadKey": "kumawatch-summary-production-2026-11-22"}
    assert made["fallbackText"] == (
        "production: 2 of 5 services are below their objective, 1 down now, 1 not found; 2 incidents in 24 h, "
        "2 h 25 min of downtime · 2 certificates expire within 21 days · 1 paused"
    )
    assert made["cardsV2"][0]["card"]["header"] == {
        "title": "Daily status: production",
        "subtitle": "Sun 22 November 2026, 08:00 CET",
    }
    summary, services, incidents, slowest, certificates, buttons = sections(made)
    assert summary["widgets"] == [
        {
            "decoratedText": {
                "text": '🔴 <b><font color="#c5221f">2 of 5 services are below their objective, 1 down now, 1 not found'
                "</font></b>",
                "wrapText": True,
                "bottomLabel": "2 incidents in 24 h, 2 h 25 min of downtime · 2 certificates expire within 21 days · "
                "1 paused",
            }
        },
        {
            "textParagraph": {
                "text": "Average uptime: 24 h <b>99.306 %</b> · 7 d <b>99.866 %</b> · 30 d <b>99.917 %</b>"
            }
        },
    ]
    assert services["header"] == "Services, worst first"
    assert "collapsible" not in services
    assert services["widgets"][0] == {
        "decoratedText": {
            "text": '🔴 <b>api</b> <font color="#c5221f">down for 2 h 5 min, below its objective</font>',
            "wrapText": True,
            # No-break spaces: the line is wrapped between its parts only.
            "bottomLabel": (
                "30\u00a0d\u00a099.853\u00a0%\u00a0of\u00a099.9\u00a0% · 7\u00a0d\u00a099.8\u00a0% · "
                "24\u00a0h\u00a099.31\u00a0% · error\u00a0budget\u00a063.6\u00a0of\u00a043.2\u00a0min"
            ),
            "button": {"text": "Runbook", "onClick": {"openLink": {"url": "https://wiki.example.com/runbooks/api"}}},
        }
    }
    assert [widget["decoratedText"]["text"] for widget in services["widgets"][1:]] == [
        '🟠 <b>shop &lt;b&gt;</b> <font color="#b06000">below its objective</font>',
        '🔴 <b>forgotten</b> <font color="#c5221f">not found on the server</font>',
        "🟢 <b>search</b>",
        '⚪ <b>old</b> <font color="#5f6368">paused</font>',
    ]
    assert services["widgets"][2]["decoratedText"]["bottomLabel"] == "declared, but no monitor of it exists"
    assert incidents == {
        "header": "Incidents of the last 24 h",
        "widgets": [
            {
                "textParagraph": {
                    "text": "🔴 <b>api</b> since 05:55, 2 h 5 min so far<br>"
                    "<b>shop &lt;b&gt;</b> Sat 12:00 to Sat 12:20, 20 min"
                }
            }
        ],
    }
    assert slowest == {
        "header": "Slowest responses (average of 24 h)",
        "widgets": [
            {"textParagraph": {"text": "<b>search</b> 2.4 s<br><b>shop &lt;b&gt;</b> 812 ms<br><b>api</b> 230 ms"}}
        ],
    }
    assert certificates == {
        "header": "Certificates that expire within 21 days",
        "widgets": [
            {
                "textParagraph": {
                    "text": '<b>shop &lt;b&gt;</b> <font color="#c5221f">expires in 6 days</font><br>'
                    "<b>search</b> expires in 12 days"
                }
            }
        ],
    }
    assert [button["text"] for button in buttons["widgets"][0]["buttonList"]["buttons"]] == [
        "Status page",
        "Uptime Kuma",
    ]


def test_a_quiet_day_is_a_short_card() -> None:
    made = card.message(digest("lab", [Service("a", "up", 99.9, 1.0, 1.0, 1.0)], NOW))
    summary, services = sections(made)
    assert summary["widgets"][0]["decoratedText"] == {
        "text": '🟢 <b><font color="#188038">The service is up and within its objective</font></b>',
        "wrapText": True,
        "bottomLabel": "no incident in 24 h",
    }
    assert services["header"] == "Service"


def test_a_server_without_services_is_said() -> None:
    [summary] = sections(card.message(digest("lab", [], NOW)))
    assert [list(widget) for widget in summary["widgets"]] == [["decoratedText"]]
    assert "No service is declared" in summary["widgets"][0]["decoratedText"]["text"]


def many(number: int, name: str) -> list[Service]:
    """``number`` services: some down, some below their objective, some with long incidents, most of them fine."""
    made = []
    for index in range(number):
        down, below = index % 40 == 0, index % 15 == 0
        uptime = 0.98 if below else 1.0 - index / 10_000_000
        lasting = (Incident(NOW - timedelta(minutes=index + 1)),) if down else ()
        past = (Incident(NOW - timedelta(hours=2), NOW - timedelta(hours=1)),) if index % 7 == 0 else ()
        made.append(
            Service(
                f"{name} {index:04d}",
                "down" if down else "up",
                99.9,
                uptime,
                uptime,
                uptime,
                response_ms=index,
                certificate_days=index % 90,
                incidents=past + lasting,
                runbook=f"https://wiki.example.com/{index}?a=1&b=2",
            )
        )
    return made


NAMES = {
    "short": "service",
    "umlauts": "Zahlungsabwicklung für Händler",
    "ideographs": "決済サービス監視" * 12,
    "markup": "<&>" * 30,
    "emoji": "👩‍👩‍👧‍👦" * 20,
    "json": '\\"' * 60,
}


@pytest.mark.parametrize("number", [200, 1_000])
@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_hundreds_of_services_fit(number: int, name: str) -> None:
    services = many(number, name)
    made = digest("production", services, NOW)
    message = card.message(made)
    limits.check(message)
    assert limits.size(message) <= 32_000
    assert limits.count_widgets(message) <= 100
    listed = sections(message)[1]
    rows, last = listed["widgets"][:-1], listed["widgets"][-1]
    assert listed["header"] == f"Services, worst first ({len(rows)} of {number:,})"
    assert listed["collapsible"] is True
    assert last["textParagraph"]["text"].startswith(f'<font color="#5f6368">and {number - len(rows):,} more')
    # The worst ones are the ones that are there, and the room is used.
    assert "down" in rows[0]["decoratedText"]["text"]
    assert len(rows) >= 30
    spare = limits.room_in(message)
    assert spare.widgets <= 2 or spare.bytes <= 1_300


def test_what_is_left_out_says_that_it_is_fine() -> None:
    services = [Service("bad", "up", 99.9, 0.9, 0.9, 0.9)]
    services += [Service(f"s{index:03d}", "up", 99.9, 1.0, 1.0, 1.0) for index in range(199)]
    listed = sections(card.message(digest("production", services, NOW)))[1]
    left = 200 - (len(listed["widgets"]) - 1)
    assert listed["uncollapsibleWidgetsCount"] == 8
    assert listed["widgets"][0]["decoratedText"]["text"].startswith("🟠 <b>bad</b>")
    assert listed["widgets"][-1] == {
        "textParagraph": {"text": f'<font color="#5f6368">and {left} more, all above objective</font>'}
    }


def test_all_that_need_attention_stand_there_unfolded() -> None:
    services = [Service(f"b{index:02d}", "up", 99.9, 0.9, 0.9, 0.9) for index in range(13)]
    services += [Service(f"s{index:02d}", "up", 99.9, 1.0, 1.0, 1.0) for index in range(30)]
    listed = sections(card.message(digest("production", services, NOW)))[1]
    assert listed["uncollapsibleWidgetsCount"] == 13


def test_many_incidents_and_certificates_are_counted() -> None:
    services = [
        Service(
            f"s{index:02d}",
            "up",
            certificate_days=index,
            incidents=(Incident(NOW - timedelta(hours=3), NOW - timedelta(hours=3) + timedelta(minutes=40 - index)),),
        )
        for index in range(21)
    ]
    _summary, _services, incidents, certificates = sections(card.message(digest("e", services, NOW)))
    lines = incidents["widgets"][0]["textParagraph"]["text"].split("<br>")
    assert lines[0] == "<b>s00</b> 04:00 to 04:40, 40 min"
    assert lines[10:] == ["and 11 more, none longer than 30 min"]
    lines = certificates["widgets"][0]["textParagraph"]["text"].split("<br>")
    assert lines[0] == '<b>s00</b> <font color="#c5221f">expires today</font>'
    assert lines[10:] == ["and 11 more"]


def test_environments_and_days_have_their_own_threads() -> None:
    late = NOW.replace(hour=23, minute=30)
    assert card.key(digest("a", [], late)) == "kumawatch-summary-a-2026-11-22"
    assert card.key(digest("a", [], late), ZoneInfo("Europe/Berlin")) == "kumawatch-summary-a-2026-11-23"
    assert card.key(digest("b", [], late)) == "kumawatch-summary-b-2026-11-22"


@pytest.mark.parametrize("url", ["javascript:alert(1)", "https://e/" + "x" * 1_000, "https://e/a b", ""])
def test_an_address_that_cannot_be_opened_gets_no_button(url: str) -> None:
    made = card.message(digest("e", [Service("a", "up", runbook=url)], NOW), links=card.Links(runbook=url))
    assert "openLink" not in json.dumps(made)


TEXT = st.text(st.characters(codec=None), max_size=200)
RATIO = st.none() | st.floats(0, 1)
MOMENT = st.datetimes(datetime(2026, 11, 20), datetime(2026, 11, 22, 7), timezones=st.just(UTC))
INCIDENT = st.builds(Incident, start=MOMENT, end=st.none() | MOMENT)
URL = st.none() | st.text(max_size=30).map(lambda text: "https://e/" + text) | st.just("https://e/" + "ü" * 490)
SERVICE = st.builds(
    Service,
    name=TEXT,
    status=st.sampled_from(["up", "down", "pending", "maintenance", "paused", "unknown", "missing"]),
    objective=st.none() | st.floats(1e-6, 100),
    uptime_24h=RATIO,
    uptime_7d=RATIO,
    uptime_30d=RATIO,
    response_ms=st.none() | st.floats(0, 1e9),
    certificate_days=st.none() | st.integers(-10_000, 10_000),
    incidents=st.lists(INCIDENT, max_size=3).map(tuple),
    measured_since=st.none() | MOMENT,
    runbook=URL,
)
# No character takes more bytes than one that must be escaped.
LARGEST = Service(
    "&" * 200,
    "down",
    0.000001,
    1e-12,
    1e-12,
    1e-12,
    response_ms=1e9,
    certificate_days=-10_000,
    incidents=(Incident(NOW - timedelta(hours=30)),),
    measured_since=NOW - timedelta(days=28),
    runbook="https://e/" + "ü" * 490,
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], deadline=None)
@given(TEXT, st.lists(SERVICE, max_size=40), st.integers(1, 30), URL, st.integers(0, 20))
@example("&" * 300, [LARGEST], 1_000, "https://e/" + "ü" * 490, 20)
@example("", [Service("&" * 200, "missing", runbook="https://e/" + "ü" * 490)], 1_000, None, 5)
def test_any_list_of_services_fits(
    environment: str, services: list[Service], times: int, url: str | None, slowest: int
) -> None:
    made = digest(environment, services * times, NOW, slowest=slowest)
    message = card.message(made, links=card.Links(url, url, url))
    body = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    assert len(body) <= 32_000
    assert limits.count_widgets(message) <= 100
    assert all(section["widgets"] for section in sections(message))
    if services:
        listed = sections(message)[1]["widgets"]
        assert "decoratedText" in listed[0]
        assert "decoratedText" in listed[-1] or " more" in listed[-1]["textParagraph"]["text"]
    # The table leaves nothing out, and takes whatever the card takes.
    assert len(table(made).splitlines()) >= len(made.standings)
