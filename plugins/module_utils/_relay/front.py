# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The front door: the page behind the button of a card, and the way in for Uptime Kuma.

A link in a chat is opened by whoever previews it, so that opening it changes nothing: it shows a page, and only the
form on it acknowledges.
"""

from __future__ import annotations

import base64
import binascii
import html
import json
import typing as t
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl

from .._google_chat.cards import clip, plain
from . import sign, words
from .alert import CRITICAL, INFO, SEVERITIES, WARNING
from .escalation import ascii_line
from .events import ACKNOWLEDGED, drill_in
from .incidents import ACKNOWLEDGED as TAKEN
from .incidents import OPEN, Incident, entry, from_item, same_opening, stamp, take
from .secrets import Secret
from .settings import Settings
from .store import DRILL as DRILL_ITEM
from .store import INCIDENT, Store, StoreError, drill_id, item, item_id

MAX_BODY = 200_000
"""The bytes of a request that are taken; SNS takes 262,144 in a message."""

MAX_NAME = 80

_FORM = ("incident", "opened", "expires", "signature")
_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; margin: 0; background: #f6f8fa; color: #202124; }}
main {{ max-width: 30rem; margin: 10vh auto; padding: 2rem; background: #fff; border-radius: 12px; }}
h1 {{ font-size: 1.25rem; margin: 0 0 .5rem; }} p {{ margin: .5rem 0; overflow-wrap: anywhere; }}
label {{ display: block; margin: 1rem 0 .25rem; }}
input {{ font: inherit; width: 100%; box-sizing: border-box; padding: .5rem; border: 1px solid #5f6368;
  border-radius: 6px; }}
button {{ font: inherit; margin-top: 1rem; padding: .6rem 1.2rem; border: 0; border-radius: 6px; background: #0b57d0;
  color: #fff; cursor: pointer; }}
@media (prefers-color-scheme: dark) {{ body {{ background: #131314; color: #e3e3e3; }} main {{ background: #1e1f20; }}
  input {{ background: #131314; color: inherit; }} }}
</style></head><body><main>{body}</main></body></html>
"""

Publish = Callable[[str, str, str], None]
Answer = dict[str, t.Any]


@dataclass
class Door:
    """What the front door needs.

    :param secret: reads the keys; called for a request that needs them only.
    :param publish: takes a topic's ARN, a subject and a text.
    """

    settings: Settings
    store: Store
    secret: Callable[[], Secret]
    publish: Publish
    log: Callable[..., None]
    now: datetime


@dataclass(frozen=True)
class Request:
    """A request to a function URL."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


def request_of(event: Mapping[str, t.Any]) -> Request:
    """The request in an event of a function URL (payload format 2.0)."""
    http = (event.get("requestContext") or {}).get("http") or {}
    raw = event.get("body") or ""
    try:
        body = (
            base64.b64decode(raw, validate=True)
            if event.get("isBase64Encoded")
            else str(raw).encode("utf-8", "replace")
        )
    except (binascii.Error, ValueError):
        body = b""
    return Request(
        method=str(http.get("method") or "GET").upper(),
        path="/" + str(event.get("rawPath") or http.get("path") or "/").strip("/"),
        query=_form(str(event.get("rawQueryString") or "")),
        headers={str(name).lower(): str(value) for name, value in (event.get("headers") or {}).items()},
        body=body,
    )


def handle(door: Door, request: Request) -> Answer:
    """Answer a request."""
    if request.path == "/acknowledge":
        if request.method in ("GET", "HEAD"):
            return _ask(door, request.query)
        if request.method == "POST":
            return _acknowledge(door, {**request.query, **_form(request.body[:MAX_BODY].decode("utf-8", "replace"))})
        return _json(405, {"error": "Only GET and POST are answered here."})
    if request.path == "/uptime-kuma":
        if request.method == "POST":
            return _uptime_kuma(door, request)
        return _json(405, {"error": "Only POST is answered here."})
    return _json(404, {"error": "There is nothing here."})


# -- to acknowledge


def _ask(door: Door, query: Mapping[str, str]) -> Answer:
    """The page that asks; it changes nothing."""
    refused = _refused(door, query)
    if refused is not None:
        return refused
    incident = _incident(door, query)
    if incident is None or incident.status != OPEN:
        return _standing(door, incident)
    hidden = "".join(
        f'<input type="hidden" name="{name}" value="{html.escape(query.get(name, ""), quote=True)}">' for name in _FORM
    )
    since = words.clock(incident.opened_at, door.now, door.settings.zone)
    body = (
        f"<h1>{_safe(incident.title or incident.identity)}</h1><p>{_safe(incident.identity)}</p>"
        f"<p>{_safe(incident.severity.capitalize())} since {_safe(since)}. "
        "Who takes it stops the escalation, and is named in the thread.</p>"
        f'<form method="post" action="acknowledge">{hidden}<label for="by">Your name</label>'
        f'<input id="by" name="by" maxlength="{MAX_NAME}" required autocomplete="name" autofocus>'
        '<button type="submit">I take it</button></form>'
    )
    return _page(200, "Take an incident", body)


def _acknowledge(door: Door, form: Mapping[str, str]) -> Answer:
    refused = _refused(door, form)
    if refused is not None:
        return refused
    by = clip(form.get("by", ""), MAX_NAME)
    if not by:
        return _page(400, "Who takes it?", "<h1>Who takes it?</h1><p>Go back, and give a name.</p>")
    incident, taken = acknowledge(door, form["incident"], form.get("opened", ""), by)
    if not taken or incident is None:
        return _standing(door, incident)
    return _page(
        200,
        "Taken",
        f"<h1>{_safe(by)} has taken it</h1><p>{_safe(incident.title or incident.identity)} is no longer escalated. "
        "The thread says so in a moment.</p>",
    )


def acknowledge(door: Door, identity: str, opened_at: str, by: str) -> tuple[Incident | None, bool]:
    """Take an incident, and have it said in its thread.

    :param opened_at: which of its openings is meant; the present one where empty.
    :returns: the incident as it is now, None where there is none; and whether it was taken just now.
    """
    for _attempt in range(5):
        incident = _incident(door, {"incident": identity, "opened": opened_at})
        if incident is None or incident.status != OPEN:
            return incident, False
        taken = take(incident, by, door.now)
        if door.store.replace(entry(taken, door.now), incident.version):
            _say(door, taken)
            return taken, True
    return None, False


def _say(door: Door, incident: Incident) -> None:
    topic = door.settings.topics.get(INFO) or door.settings.topics.get(WARNING, "")
    text = {
        "message": f"{incident.acknowledged_by} has taken {incident.title or incident.identity}.",
        ACKNOWLEDGED: {
            "incident": incident.identity,
            "opened_at": stamp(incident.opened_at),
            "title": incident.title or incident.identity,
            "by": incident.acknowledged_by,
            "at": stamp(door.now),
            "severity": INFO,
        },
    }
    try:
        door.publish(
            topic, ascii_line(f"Taken: {incident.title or incident.identity}"), json.dumps(text, ensure_ascii=False)
        )
    except Exception as error:  # botocore's; the escalation is stopped all the same
        door.log("not said", incident=incident.identity, reason=type(error).__name__)


def _refused(door: Door, query: Mapping[str, str]) -> Answer | None:
    """Why a link is not good; None where it is."""
    try:
        expires = int(query.get("expires", ""))
    except ValueError:
        expires = 0
    key = door.secret().signing_key
    if not sign.good(key, query.get("incident", ""), query.get("opened", ""), expires, query.get("signature", "")):
        return _page(403, "Not a good link", "<h1>This link is not good</h1><p>Use the button of the card.</p>")
    if expires < door.now.timestamp():
        return _page(
            410, "Expired", "<h1>This link has expired</h1><p>The newest card of the incident has one that is good.</p>"
        )
    return None


def _incident(door: Door, query: Mapping[str, str]) -> Incident | None:
    key = (INCIDENT, item_id(query.get("incident", "")))
    found = door.store.read([key]).get(key)
    if found is None:
        return None
    try:
        incident = from_item(found)
    except ValueError:
        return None
    return incident if same_opening(incident, query.get("opened", "")) else None


def _standing(door: Door, incident: Incident | None) -> Answer:
    """What there is to say of an incident that cannot be taken."""
    if incident is None:
        return _page(404, "Over", "<h1>There is no such incident any more</h1><p>It is over, or it began anew.</p>")
    title = _safe(incident.title or incident.identity)
    if incident.status == TAKEN:
        when = words.clock(incident.acknowledged_at or incident.opened_at, door.now, door.settings.zone)
        return _page(
            409,
            "Already taken",
            f"<h1>{_safe(incident.acknowledged_by)} has it already</h1><p>{title}, taken at {_safe(when)}.</p>",
        )
    return _page(409, "Over", f"<h1>It is over already</h1><p>{title} needs nobody any more.</p>")


def _page(status: int, title: str, body: str) -> Answer:
    return {"statusCode": status, "headers": _HEADERS, "body": _PAGE.format(title=_safe(title), body=body)}


def _safe(text: object) -> str:
    return html.escape(plain(text), quote=True)


# -- Uptime Kuma


def _uptime_kuma(door: Door, request: Request) -> Answer:
    """Publish a notification of Uptime Kuma to the topic of its severity; the relay makes a card of it."""
    scheme, _space, token = request.headers.get("authorization", "").partition(" ")
    wanted = door.secret().front_door_token
    if not wanted or scheme.lower() != "bearer" or not sign.same(token.strip(), wanted):
        return _json(401, {"error": "The bearer token is missing or wrong."}, {"WWW-Authenticate": "Bearer"})
    if len(request.body) > MAX_BODY:
        return _json(413, {"error": f"At most {MAX_BODY:,} bytes are taken."})
    text = request.body.decode("utf-8", "replace")
    if not text.strip():
        return _json(400, {"error": "The notification is empty."})
    severity, published = uptime_message(text)
    topics = door.settings.topics
    topic = topics.get(severity) or topics.get(CRITICAL) or next(iter(topics.values()), "")
    drill = drill_in(text)
    if drill:
        _note_drill(door, drill)
    try:
        door.publish(topic, ascii_line("Uptime Kuma"), published)
    except Exception as error:  # botocore's
        door.log("not published", reason=type(error).__name__)
        return _json(503, {"error": "The notification could not be published; send it again."})
    return _json(200, {"ok": True})


def uptime_message(text: str) -> tuple[str, str]:
    """The severity of a notification, and what is published of it: what the card needs; all of it where unreadable."""
    try:
        data: t.Any = json.loads(text)
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict) or not ({"heartbeat", "monitor", "msg"} & set(data)):
        return WARNING, text
    monitor, beat = data.get("monitor"), data.get("heartbeat")
    made: dict[str, t.Any] = {"msg": data.get("msg"), "monitor": None, "heartbeat": None}
    severity = CRITICAL
    if isinstance(monitor, dict):
        # The rest of a monitor may hold passwords.
        kept = ("id", "name", "pathName", "description", "url", "hostname", "port", "type")
        made["monitor"] = {name: monitor[name] for name in kept if name in monitor}
        tags = [tag for tag in monitor.get("tags") or [] if isinstance(tag, dict)]
        made["monitor"]["tags"] = [{"name": tag.get("name"), "value": tag.get("value")} for tag in tags]
        tagged = next((str(tag.get("value")).lower() for tag in tags if tag.get("name") == "severity"), "")
        severity = tagged if tagged in SEVERITIES else CRITICAL
    if isinstance(beat, dict):
        shown = ("status", "time", "msg", "important", "ping", "duration")
        made["heartbeat"] = {name: beat[name] for name in shown if name in beat}
    if made["monitor"] is None or made["heartbeat"] is None:
        severity = INFO if drill_in(text) else WARNING
    return severity, json.dumps({"kumawatch_uptime": made}, ensure_ascii=False)


def _note_drill(door: Door, name: str) -> None:
    fields = item(DRILL_ITEM, name, {"front_door": stamp(door.now), "path": "kuma"}, door.now.timestamp())
    del fields["kind"], fields["id"]
    try:
        door.store.merge((DRILL_ITEM, drill_id(name, "kuma")), fields)
    except StoreError as error:
        door.log("drill not noted", drill=name, stage="front_door", reason=str(error))


def _form(text: str) -> dict[str, str]:
    try:
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=50))
    except ValueError:
        return {}


def _json(status: int, body: Mapping[str, t.Any], headers: Mapping[str, str] | None = None) -> Answer:
    return {
        "statusCode": status,
        "headers": {"Content-Type": "application/json", "Cache-Control": "no-store", **(headers or {})},
        "body": json.dumps(body, ensure_ascii=False),
    }
