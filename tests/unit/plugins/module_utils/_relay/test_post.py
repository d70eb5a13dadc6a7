# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Posting with the standard library: against an HTTP server that answers as Google Chat does."""

from __future__ import annotations

import http.server
import itertools
import json
import threading
import time
import typing as t
from collections.abc import Iterator

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._relay import post
from ansible_collections.kumawatch.monitoring.plugins.module_utils._relay.post import Outcome, Poster, scrub
from ansible_collections.kumawatch.monitoring.plugins.module_utils._relay.secrets import Vault
from ansible_collections.kumawatch.monitoring.plugins.module_utils._relay.store import MemoryStore, StoreError

QUERY = "?key=AIzaSecretKey&token=Secret%2FToken%3D"
MESSAGE = {"fallbackText": "grün 🟢", "cardsV2": [], "thread": {"threadKey": "t"}}

Reply = tuple[int, dict[str, str], str]
TAKEN: Reply = (200, {}, "{}")


def refusal(status: int, text: str, **headers: str) -> Reply:
    return (
        status,
        {name.replace("_", "-"): value for name, value in headers.items()},
        json.dumps({"error": {"code": status, "message": text}}),
    )


class Space:
    """A server that gives its ``replies`` in turn, the last one for ever."""

    def __init__(self) -> None:
        self.replies: list[Reply] = [TAKEN]
        self.requests: list[tuple[float, str, bytes]] = []
        space = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                space.requests.append((time.time(), self.path, body))
                status, headers, text = space.replies.pop(0) if len(space.replies) > 1 else space.replies[0]
                if status == 0:
                    if headers.get("wait"):
                        time.sleep(float(headers["wait"]))
                    self.connection.close()
                    return
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_arguments: t.Any) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1/spaces/A/messages{QUERY}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()


@pytest.fixture
def space() -> Iterator[Space]:
    made = Space()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{post.delay.__module__}.FIRST_DELAY", 0.05)


def poster(*urls: str, interval: float = 0.0, store: t.Any = None) -> Poster:
    """A poster whose secret holds ``urls`` one after the other, each time that it is read."""
    texts = [json.dumps({"webhook_url": url}) for url in urls]
    vault = Vault(lambda: texts.pop(0) if len(texts) > 1 else texts[0])
    return Poster(vault, store or MemoryStore(), interval=interval)


def send(by: Poster, request: str = "r1", seconds: float = 20.0, channel: str = "a") -> Outcome:
    return by.post(channel, MESSAGE, request, time.time() + seconds)


def test_a_message_goes_into_its_thread_under_its_request(space: Space) -> None:
    assert send(poster(space.url)) == Outcome(True)
    [(_when, path, body)] = space.requests
    assert path == (
        "/v1/spaces/A/messages?key=AIzaSecretKey&token=Secret%2FToken%3D"
        "&messageReplyOption=REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD&requestId=r1"
    )
    assert json.loads(body) == MESSAGE


def test_messages_leave_one_after_the_other_also_from_a_new_container(space: Space) -> None:
    store = MemoryStore()
    first = poster(space.url, interval=0.4, store=store)
    assert send(first).posted
    assert send(first, "r2").posted
    assert send(poster(space.url, interval=0.4, store=store), "r3").posted
    times = [when for when, _path, _body in space.requests]
    assert all(later - earlier >= 0.38 for earlier, later in itertools.pairwise(times))
    assert "Secret" not in json.dumps(list(store.items.values()))


def test_a_table_that_cannot_be_used_does_not_keep_from_posting(space: Space) -> None:
    class Broken(MemoryStore):
        def read(self, keys: t.Any) -> t.Any:
            raise StoreError("no")

        def write(self, items: t.Any) -> None:
            raise StoreError("no")

    assert send(poster(space.url, store=Broken())).posted


@pytest.mark.parametrize("trouble", [refusal(503, "unavailable"), refusal(500, "internal"), (0, {}, "")])
def test_a_passing_failure_is_tried_again_as_the_same_request(space: Space, trouble: Reply) -> None:
    space.replies = [trouble, TAKEN]
    assert send(poster(space.url)).posted
    assert len(space.requests) == 2
    assert len({path for _when, path, _body in space.requests}) == 1


def test_retry_after_is_waited_for(space: Space) -> None:
    space.replies = [refusal(429, "full", Retry_After="1"), TAKEN]
    assert send(poster(space.url)).posted
    assert space.requests[1][0] - space.requests[0][0] >= 1.0


def test_a_wait_beyond_the_deadline_goes_back_to_the_queue_and_the_next_is_not_tried(space: Space) -> None:
    space.replies = [refusal(429, "full", Retry_After="90")]
    by = poster(space.url)
    begun = time.monotonic()
    outcome = send(by, seconds=5)
    assert time.monotonic() - begun < 2
    assert (outcome.posted, outcome.certain, outcome.retry_after) == (False, True, 90.0)
    assert outcome.reason.startswith("Google Chat takes no more messages for this space at the moment (429: full)")
    assert send(by, "r2").retry_after == 90.0
    assert len(space.requests) == 1
    by.begin()
    assert not send(by, "r3", seconds=1).posted


def test_an_answer_that_is_lost_leaves_it_open_whether_the_message_is_there(
    space: Space, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(post, "PATIENCE", 0.2)
    space.replies = [(0, {}, "")]
    outcome = send(poster(space.url))
    assert (outcome.posted, outcome.certain) == (False, False)
    space.replies = [refusal(500, "internal")]
    assert not send(poster(space.url)).certain


def test_a_server_that_takes_its_time_is_not_waited_for(space: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(post, "TIMEOUT", 0.5)
    monkeypatch.setattr(post, "PATIENCE", 0.6)
    space.replies = [(0, {"wait": "3"}, "")]
    outcome = send(poster(space.url))
    assert (outcome.posted, outcome.certain) == (False, False)
    assert "no answer within" in outcome.reason


def test_a_server_that_is_not_there_is_certain_and_told_without_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(post, "PATIENCE", 0.2)
    outcome = send(poster(f"http://127.0.0.1:9/v1/spaces/A/messages{QUERY}"))
    assert (outcome.posted, outcome.certain) == (False, True)
    assert outcome.reason.startswith("Google Chat cannot be reached: 127.0.0.1: ")
    assert "Secret" not in outcome.reason


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_webhook_that_was_made_anew_is_read_again(space: Space, status: int) -> None:
    space.replies = [refusal(status, "not this one"), TAKEN]
    assert send(poster(space.url, space.url.replace("/A/", "/B/"))).posted
    assert [path.split("?")[0] for _when, path, _body in space.requests] == [
        "/v1/spaces/A/messages",
        "/v1/spaces/B/messages",
    ]


def test_a_webhook_that_is_still_the_same_is_not_asked_again(space: Space) -> None:
    space.replies = [refusal(403, "The caller does not have permission")]
    outcome = send(poster(space.url))
    assert len(space.requests) == 1
    assert outcome.reason == (
        "Google Chat refused the webhook (403: The caller does not have permission); "
        "make a new one in the space's settings."
    )


def test_a_card_that_is_not_taken_is_posted_as_text(space: Space) -> None:
    space.replies = [refusal(400, "Invalid JSON payload"), TAKEN]
    assert send(poster(space.url)).posted
    assert json.loads(space.requests[1][2]) == {"text": "grün 🟢", "thread": {"threadKey": "t"}}
    assert space.requests[1][1].endswith("requestId=r1-text")


def test_a_message_that_is_refused_for_good_does_not_keep_the_next_one(space: Space) -> None:
    space.replies = [refusal(400, "no"), refusal(400, "no"), TAKEN]
    by = poster(space.url)
    assert send(by).reason == "Google Chat refused the message (400: no)."
    assert send(by, "r2").posted


def test_a_redirect_is_not_followed(space: Space) -> None:
    space.replies = [(302, {"Location": space.url.replace("/A/", "/B/")}, "")]
    assert "redirected, which a webhook never is" in send(poster(space.url)).reason
    assert len(space.requests) == 1


def test_a_channel_without_a_webhook_says_so() -> None:
    by = Poster(Vault(lambda: "{}"), MemoryStore(), interval=0)
    outcome = send(by, channel="payments")
    assert outcome.certain
    assert outcome.reason.startswith("The secret holds no webhook for the channel 'payments'")


def test_a_message_holds_no_webhook_in_any_form(space: Space) -> None:
    leaks = [
        space.url,
        "token Secret%2FToken%3D",
        "token Secret/Token=",
        "Secret/Token",
        "AIzaSecretKey",
        json.dumps({"url": space.url}),
    ]
    message = {"fallbackText": " ".join(leaks), "cardsV2": [{"card": {"sections": [{"text": leak} for leak in leaks]}}]}
    assert poster(space.url).post("a", message, "r", time.time() + 20).posted
    body = space.requests[0][2].decode()
    assert "Secret" not in body
    assert "***" in body


def test_words_that_only_look_like_a_secret_are_left_alone() -> None:
    url = f"https://chat.googleapis.com/v1/spaces/A/messages{QUERY}"
    assert scrub({"text": "key=value token=abc"}, [url]) == {"text": "key=value token=abc"}
    assert scrub(["see chat.googleapis.com/?key=abcd1234"], [url]) == ["see chat.googleapis.com/?key=***"]
