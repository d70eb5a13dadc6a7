# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The front door: links, the page behind them, and Uptime Kuma's way in."""

from __future__ import annotations

import base64
import json
import typing as t
from datetime import timedelta
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kumawatch.monitoring.plugins.module_utils._relay import front, sign
from ansible_collections.kumawatch.monitoring.plugins.module_utils._relay.events import read
from ansible_collections.kumawatch.monitoring.plugins.module_utils._relay.incidents import from_item, stamp
from ansible_collections.kumawatch.monitoring.plugins.module_utils._relay.secrets import Secret
from tests.unit.plugins.module_utils._relay.samples import NOW, TOPICS, Rig, alarm, record, titles

KEY, TOKEN = "signing-key", "front-door-token"
IDENTITY = "production/api/cpu/i-0abc"


class Hall:
    """A front door, and what was published through it."""

    def __init__(self) -> None:
        self.rig = Rig()
        self.published: list[tuple[str, str, str]] = []
        self.logged: list[str] = []
        self.error: Exception | None = None
        self.door = front.Door(
            self.rig.settings,
            self.rig.memory,
            lambda: Secret(signing_key=KEY, front_door_token=TOKEN),
            self.publish,
            lambda what, **facts: self.logged.append(what),
            NOW + timedelta(minutes=5),
        )

    def publish(self, topic: str, subject: str, text: str) -> None:
        if self.error:
            raise self.error
        assert subject.isascii() and 0 < len(subject) < 100
        self.published.append((topic, subject, text))

    def ask(self, method: str, path: str, query: str = "", body: str | bytes = "", **headers: str) -> t.Any:
        event = {
            "version": "2.0",
            "rawPath": path,
            "rawQueryString": query,
            "headers": {name.replace("_", "-"): value for name, value in headers.items()},
            "requestContext": {"http": {"method": method, "path": path}},
            "body": base64.b64encode(body).decode() if isinstance(body, bytes) else body,
            "isBase64Encoded": isinstance(body, bytes),
        }
        return front.handle(self.door, front.request_of(event))

    def link(self, **changed: str) -> str:
        """The query of the link of the alarm's card, with some of it changed."""
        url = sign.link("https://door", KEY, IDENTITY, stamp(NOW), NOW)
        return urlencode({**dict(parse_qsl(urlsplit(url).query)), **changed})

    @property
    def incident(self) -> t.Any:
        return from_item(self.rig.memory.items["incident", IDENTITY])


@pytest.fixture
def hall() -> Hall:
    made = Hall()
    made.rig.tell(alarm())
    return made


def test_opening_the_link_asks_and_changes_nothing(hall: Hall) -> None:
    for method in ("GET", "HEAD", "GET"):
        answer = hall.ask(method, "/acknowledge", hall.link())
        assert answer["statusCode"] == 200
    assert '<form method="post" action="acknowledge">' in answer["body"]
    assert "api · CPU" in answer["body"]
    assert "Warning since 10:00 UTC" in answer["body"]
    assert hall.incident.status == "open"
    assert hall.published == []
    assert answer["headers"]["Cache-Control"] == "no-store"
    assert "default-src 'none'" in answer["headers"]["Content-Security-Policy"]


@pytest.mark.parametrize("as_bytes", [False, True])
def test_the_form_takes_it_and_the_thread_says_so(hall: Hall, as_bytes: bool) -> None:
    form = f"{hall.link()}&by={quote('Ada <b>Lovelace</b>')}"
    answer = hall.ask("POST", "/acknowledge", "", form.encode() if as_bytes else form)
    assert answer["statusCode"] == 200
    assert "Ada &lt;b&gt;Lovelace&lt;/b&gt; has taken it" in answer["body"]
    assert (hall.incident.status, hall.incident.acknowledged_by) == ("acknowledged", "Ada <b>Lovelace</b>")
    [(topic, _subject, text)] = hall.published
    assert topic == TOPICS["info"]
    assert titles(hall.rig.tell(json.loads(text))) == [
        "👤 Taken by Ada <b>Lovelace</b>: api · CPU (production · i-0abc)"
    ]


def test_the_first_one_has_it(hall: Hall) -> None:
    hall.ask("POST", "/acknowledge", "", f"{hall.link()}&by=Ada")
    answer = hall.ask("POST", "/acknowledge", "", f"{hall.link()}&by=Bob")
    assert answer["statusCode"] == 409
    assert "Ada has it already" in answer["body"]
    assert "Ada has it already" in hall.ask("GET", "/acknowledge", hall.link())["body"]
    assert len(hall.published) == 1


def test_two_at_once_are_one(hall: Hall) -> None:
    store = hall.rig.memory
    original = store.replace
    hall.door.store = store

    def replace(item: t.Any, version: int) -> bool:
        store.replace = original  # type: ignore[method-assign]
        hall.ask("POST", "/acknowledge", "", f"{hall.link()}&by=Bob")
        return original(item, version)

    store.replace = replace  # type: ignore[method-assign]
    answer = hall.ask("POST", "/acknowledge", "", f"{hall.link()}&by=Ada")
    assert "Bob has it already" in answer["body"]
    assert hall.incident.acknowledged_by == "Bob"


@pytest.mark.parametrize("by", ["", "%20", "%0A%09"])
def test_somebody_has_to_say_who(hall: Hall, by: str) -> None:
    assert hall.ask("POST", "/acknowledge", "", f"{hall.link()}&by={by}")["statusCode"] == 400
    assert hall.incident.status == "open"


@pytest.mark.parametrize(
    "changed",
    [
        {"incident": "production/api/disk"},
        {"opened": "2026-11-28T10:00:00.000Z"},
        {"expires": "99999999999"},
        {"expires": "never"},
        {"signature": ""},
        {"signature": "ü"},
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_link_that_is_not_ours_opens_nothing(hall: Hall, method: str, changed: dict[str, str]) -> None:
    query = hall.link(**changed)
    answer = hall.ask(method, "/acknowledge", query if method == "GET" else "", f"{query}&by=Eve")
    assert answer["statusCode"] == 403
    assert hall.incident.status == "open"


def test_a_link_expires(hall: Hall) -> None:
    hall.door.now = NOW + timedelta(hours=25)
    answer = hall.ask("POST", "/acknowledge", "", f"{hall.link()}&by=Ada")
    assert answer["statusCode"] == 410
    assert hall.incident.status == "open"


def test_what_is_over_needs_nobody(hall: Hall) -> None:
    hall.rig.tell(alarm(state="OK", at=60))
    assert "It is over already" in hall.ask("GET", "/acknowledge", hall.link())["body"]
    hall.rig.tell(alarm(at=120))
    assert hall.ask("POST", "/acknowledge", "", f"{hall.link()}&by=Ada")["statusCode"] == 404
    assert hall.incident.status == "open"


def test_an_acknowledgement_that_cannot_be_said_is_kept(hall: Hall) -> None:
    hall.error = RuntimeError("SNS is away")
    assert hall.ask("POST", "/acknowledge", "", f"{hall.link()}&by=Ada")["statusCode"] == 200
    assert hall.incident.status == "acknowledged"
    assert hall.logged == ["not said"]


def kuma(status: int = 0, **more: t.Any) -> dict[str, t.Any]:
    return {
        "heartbeat": {"status": status, "time": "2026-11-27 09:59:30.123", "msg": "timeout", "important": True},
        "monitor": {"id": 7, "name": "shop", "url": "https://shop.example.com", "tags": [],
                    "basic_auth_pass": "hunter2", "headers": "X-Key: hunter2", **more},
        "msg": "[shop] down",
    }  # fmt: skip


def post(hall: Hall, body: t.Any, token: str = TOKEN) -> t.Any:
    text = body if isinstance(body, str) else json.dumps(body)
    return hall.ask("POST", "/uptime-kuma", "", text, authorization=f"Bearer {token}")


def test_a_notification_is_published_without_what_it_must_not_hold(hall: Hall) -> None:
    assert post(hall, kuma()) == {
        "statusCode": 200,
        "headers": {"Content-Type": "application/json", "Cache-Control": "no-store"},
        "body": '{"ok": true}',
    }
    [(topic, _subject, text)] = hall.published
    assert topic == TOPICS["critical"]
    assert "hunter2" not in text
    down = hall.rig.tell(text)
    assert post(hall, kuma(1) | {"heartbeat": {"status": 1, "time": "2026-11-27 10:04:30.123", "msg": "200 OK"}})
    told = down + hall.rig.tell(hall.published[1][2])
    assert titles(told) == [
        "🟠 Warning: shop · Uptime check (production)",
        "🟢 Recovered: shop · Uptime check (production)",
    ]
    assert told[0]["thread"] == told[1]["thread"]


@pytest.mark.parametrize(("severity", "topic"), [("warning", "warning"), ("INFO", "info"), ("loud", "critical")])
def test_a_tag_chooses_the_topic(hall: Hall, severity: str, topic: str) -> None:
    post(hall, kuma(tags=[{"name": "severity", "value": severity}, "odd"]))
    assert hall.published[0][0] == TOPICS[topic]


@pytest.mark.parametrize("token", ["", "wrong", TOKEN + "x", "ü"])
def test_without_the_token_nothing_is_published(hall: Hall, token: str) -> None:
    answer = post(hall, kuma(), token)
    assert answer["statusCode"] == 401
    assert hall.published == []
    assert hall.ask("POST", "/uptime-kuma", "", "{}", authorization=f"Basic {TOKEN}")["statusCode"] == 401


def test_without_a_token_in_the_secret_the_door_is_shut(hall: Hall) -> None:
    hall.door.secret = lambda: Secret(signing_key=KEY)
    assert post(hall, kuma(), "")["statusCode"] == 401


@pytest.mark.parametrize("body", ["plain words", "[1]", '{"a": 1}', '{"msg": 5, "monitor": [], "heartbeat": "x"}'])
def test_what_is_no_notification_is_passed_on_as_it_is(hall: Hall, body: str) -> None:
    assert post(hall, body)["statusCode"] == 200
    assert read(record(hall.published[0][2])["body"], "1", NOW).source in ("raw", "event")


def test_a_test_notification_of_a_drill_leaves_its_trace(hall: Hall) -> None:
    post(hall, {"heartbeat": None, "monitor": None, "msg": "kumawatch-drill: d9 Testing"})
    assert hall.published[0][0] == TOPICS["info"]
    hall.rig.tell(hall.published[0][2])
    assert set(hall.rig.memory.items["drill", "d9/kuma"]) >= {"front_door", "received", "posted"}


def test_what_cannot_be_published_is_to_be_sent_again(hall: Hall) -> None:
    hall.error = RuntimeError("SNS is away")
    assert post(hall, kuma())["statusCode"] == 503


def test_sizes(hall: Hall) -> None:
    assert post(hall, "x" * 200_001)["statusCode"] == 413
    assert post(hall, " ")["statusCode"] == 400


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/", 404), ("POST", "/other", 404), ("DELETE", "/acknowledge", 405), ("GET", "/uptime-kuma", 405)],
)
def test_there_is_nothing_else(hall: Hall, method: str, path: str, status: int) -> None:
    assert hall.ask(method, path)["statusCode"] == status


@given(
    st.sampled_from(["GET", "POST", "PUT"]),
    st.sampled_from(["/acknowledge", "/uptime-kuma", "/acknowledge/", "/"]) | st.text(),
    st.text(),
    st.text() | st.binary(),
)
def test_no_request_is_too_odd(method: str, path: str, query: str, body: str | bytes) -> None:
    hall = Hall()
    assert 200 <= hall.ask(method, path, query, body)["statusCode"] < 500
    assert hall.published == []


@pytest.mark.parametrize(
    "event", [{}, {"body": "%%%", "isBase64Encoded": True}, {"headers": None, "requestContext": None}]
)
def test_an_event_with_gaps(event: dict[str, t.Any]) -> None:
    assert front.handle(Hall().door, front.request_of(event))["statusCode"] == 404
