# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``kuma_notifications`` against a real server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.client import KumaClient
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.fields import version_text

if TYPE_CHECKING:
    from .conftest import RunModule, Server

MODULE = "kuma_notifications"
WEBHOOK = "https://chat.example.com/v1/spaces/AAA/messages?key=geheim-k1&token=geheim-t1"
MARK = "kumawatchManagedBy"

MAIL = {
    "name": "Mail",
    "type": "smtp",
    "config": {"smtpHost": "mail.example.com", "smtpPort": 587, "smtpFrom": "a@example.com", "smtpTo": "b@example.com"},
    "secret_config": {"smtpPassword": "geheim-p1"},
    "default": True,
}
CHAT = {"name": "Chat", "google_chat": {"webhook_url": WEBHOOK}}
HOOK = {
    "name": "Hook",
    "type": "webhook",
    "config": {"webhookContentType": "json"},
    "secret_config": {
        "webhookURL": "https://alerts.example.com/geheim-u1",
        "webhookAdditionalHeaders": {"Authorization": "Bearer geheim-h1"},
    },
}


def stored(server: Server) -> dict[str, dict[str, Any]]:
    """The notifications on the server by name: the entry of its list, with the stored object as ``config``."""

    async def ask(client: KumaClient) -> dict[str, dict[str, Any]]:
        items = (client.state.notifications or {}).values()
        return {item["name"]: {**item, "config": json.loads(item["config"])} for item in items}

    return server.talk(ask)


def edit_by_page(server: Server, name: str, **changes: Any) -> None:
    """Edit as the server's own page does: the object as loaded from the list, with what the form changes."""
    item = stored(server)[name]
    server.call("addNotification", {**item["config"], "applyExisting": False, **changes}, item["id"])


def run_twice(run_module: RunModule, params: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Predict, run, and run again: the prediction is exact, and the second run changes nothing."""
    predicted = run_module(MODULE, params, check=True, **more)
    result = run_module(MODULE, params, **more)
    assert not result["failed"], result["msg"]
    for key in ("changed", "created", "updated", "deleted", "unchanged", "unmanaged", "adopted", "diff"):
        assert predicted[key] == result[key], key
    again = run_module(MODULE, params, **more)
    assert (again["changed"], again["diff"]) == (False, []), again
    assert "geheim" not in json.dumps([predicted, result, again])
    return result


def test_create_change_and_purge(kuma: Server, run_module: RunModule) -> None:
    kuma.call("addNotification", {"name": "By hand", "type": "slack", "slackwebhookURL": "https://geheim-s1/"}, None)

    result = run_twice(run_module, {"notifications": [MAIL, CHAT, HOOK]})
    assert result["msg"] == "3 created, 0 updated, 0 deleted, 0 unchanged"
    assert result["created"] == ["Chat", "Hook", "Mail"]
    assert result["unmanaged"] == ["By hand"]
    assert [entry["after"] for entry in result["diff"]] == [
        {"type": "GoogleChat", "google_chat.webhook_url": "(secret)"},
        {
            "type": "webhook",
            "webhookContentType": "json",
            "webhookURL": "(secret)",
            "webhookAdditionalHeaders": "(secret)",
        },
        {
            "type": "smtp",
            "default": True,
            "smtpHost": "mail.example.com",
            "smtpPort": 587,
            "smtpFrom": "a@example.com",
            "smtpTo": "b@example.com",
            "smtpPassword": "(secret)",
        },
    ]
    there = stored(kuma)
    mail = there["Mail"]
    assert mail["isDefault"] is True
    assert mail["config"] == {
        "name": "Mail",
        "type": "smtp",
        "isDefault": True,
        "applyExisting": False,
        MARK: "kumawatch",
        **MAIL["config"],  # type: ignore[dict-item]
        **MAIL["secret_config"],  # type: ignore[dict-item]
    }
    assert there["Chat"]["config"]["googleChatWebhookURL"] == WEBHOOK
    assert there["Chat"]["isDefault"] is False
    assert json.loads(there["Hook"]["config"]["webhookAdditionalHeaders"]) == {"Authorization": "Bearer geheim-h1"}

    changed = {**MAIL, "config": {**MAIL["config"], "smtpPort": 465, "smtpSecure": True}, "default": False}  # type: ignore[dict-item]
    result = run_twice(run_module, {"notifications": [changed, CHAT], "purge": True})
    assert result["msg"] == "0 created, 1 updated, 1 deleted, 1 unchanged"
    assert [(entry["before"], entry["after"]) for entry in result["diff"]] == [
        ({"type": "webhook", "default": False, "webhookContentType": "json", **_secret_hook()}, {}),
        (
            {"smtpPort": 587, "smtpSecure": None, "default": True},
            {"smtpPort": 465, "smtpSecure": True, "default": False},
        ),
    ]
    there = stored(kuma)
    assert sorted(there) == ["By hand", "Chat", "Mail"]
    assert there["Mail"]["id"] == mail["id"]
    assert there["Mail"]["isDefault"] is False
    assert there["Mail"]["config"]["smtpPassword"] == "geheim-p1"

    result = run_twice(run_module, {"notifications": [{"name": "Mail", "state": "absent"}]})
    assert result["deleted"] == ["Mail"]
    assert sorted(stored(kuma)) == ["By hand", "Chat"]


def _secret_hook() -> dict[str, str]:
    return {"webhookURL": "(secret)", "webhookAdditionalHeaders": "(secret)"}


def test_only_declared_keys_are_touched(kuma: Server, run_module: RunModule) -> None:
    run_twice(run_module, {"notifications": [MAIL]})
    edit_by_page(kuma, "Mail", smtpCC="cc@example.com", smtpHost="elsewhere", smtpPort="587", isDefault=True)
    assert stored(kuma)["Mail"]["config"][MARK] == "kumawatch"  # the page carried the mark along

    result = run_twice(run_module, {"notifications": [MAIL]})
    assert result["diff"] == [
        {
            "before_header": "notification Mail",
            "after_header": "notification Mail",
            "before": {"smtpHost": "elsewhere"},
            "after": {"smtpHost": "mail.example.com"},
        }
    ]
    config = stored(kuma)["Mail"]["config"]
    assert (config["smtpCC"], config["smtpPort"]) == ("cc@example.com", "587")

    # A part is enough for one that exists, and null takes a key away.
    part = {"name": "Mail", "config": {"smtpCC": None, "customSubject": "Kuma"}}
    result = run_twice(run_module, {"notifications": [part]})
    assert result["diff"][0]["before"] == {"smtpCC": "cc@example.com", "customSubject": None}
    config = stored(kuma)["Mail"]["config"]
    assert "smtpCC" not in config
    assert (config["customSubject"], config["smtpHost"]) == ("Kuma", "mail.example.com")


def test_a_changed_secret_comes_back_unseen(kuma: Server, run_module: RunModule) -> None:
    run_twice(run_module, {"notifications": [MAIL, CHAT]})
    edit_by_page(kuma, "Mail", smtpPassword="geheim-other")
    edit_by_page(kuma, "Chat", googleChatWebhookURL="https://chat.example.com/geheim-other")
    result = run_twice(run_module, {"notifications": [MAIL, CHAT]})
    assert [(entry["before"], entry["after"]) for entry in result["diff"]] == [
        (
            {"google_chat.webhook_url": "(secret, before)"},
            {"google_chat.webhook_url": "(secret, after)"},
        ),
        ({"smtpPassword": "(secret, before)"}, {"smtpPassword": "(secret, after)"}),
    ]
    assert stored(kuma)["Mail"]["config"]["smtpPassword"] == "geheim-p1"
    # Neither does a deletion show secrets, of providers that nobody declared.
    ours = {MARK: "kumawatch"}
    kuma.call("addNotification", {"name": "X", "type": "telegram", "telegramBotToken": "geheim-b1", **ours}, None)
    kuma.call("addNotification", {"name": "Y", "type": "newer", "newKey": "geheim-n1", **ours}, None)
    result = run_twice(run_module, {"notifications": [MAIL, CHAT], "purge": True})
    assert result["deleted"] == ["X", "Y"]
    assert [entry["before"] for entry in result["diff"]] == [
        {"type": "telegram", "default": False, "telegramBotToken": "(secret)"},
        {"type": "newer", "default": False},
    ]


def test_ownership(kuma: Server, run_module: RunModule) -> None:
    by_hand = {"name": "Hook", "type": "webhook", "webhookURL": "https://other/", "isDefault": True}
    kuma.call("addNotification", by_hand, None)
    result = run_twice(run_module, {"notifications": [HOOK]})
    assert (result["updated"], result["adopted"]) == (["Hook"], ["Hook"])
    hook = stored(kuma)["Hook"]
    assert hook["config"][MARK] == "kumawatch"
    assert hook["isDefault"] is True  # not declared, so untouched

    other = {"notifications": [MAIL], "managed_by": "other", "purge": True}
    result = run_twice(run_module, other)
    assert (result["created"], result["deleted"], result["unmanaged"]) == (["Mail"], [], ["Hook"])
    result = run_module(MODULE, {"notifications": [HOOK], "managed_by": "other"})
    assert result["msg"] == (
        "notification 'Hook' belongs to managed_by 'kumawatch', not to 'other': remove the entry, or the mark on the "
        "server if it is to change hands."
    )
    result = run_module(MODULE, {"notifications": [], "purge": True, "max_deletions": 0})
    assert result["msg"] == (
        "purge would delete 1 notifications ('Hook'), more than max_deletions=0 allows: nothing was deleted; raise "
        "max_deletions if that is what you want."
    )
    result = run_twice(run_module, {"notifications": [], "purge": True})
    assert (result["deleted"], result["unmanaged"]) == (["Hook"], ["Mail"])


def test_another_type_keeps_nothing_of_the_former(kuma: Server, run_module: RunModule) -> None:
    run_twice(run_module, {"notifications": [MAIL]})
    ident = stored(kuma)["Mail"]["id"]
    chat = {**CHAT, "name": "Mail"}
    result = run_twice(run_module, {"notifications": [chat]})
    assert result["diff"][0]["before"] == {"type": "smtp", "google_chat.webhook_url": None}
    mail = stored(kuma)["Mail"]
    assert (mail["id"], mail["isDefault"]) == (ident, True)
    assert mail["config"] == {
        "name": "Mail",
        "type": "GoogleChat",
        "isDefault": True,
        "applyExisting": False,
        MARK: "kumawatch",
        "googleChatWebhookURL": WEBHOOK,
    }


def test_ignore(kuma: Server, run_module: RunModule) -> None:
    entry = {**MAIL, "ignore": ["smtpHost", "default"]}
    run_twice(run_module, {"notifications": [entry]})
    edit_by_page(kuma, "Mail", smtpHost="elsewhere", isDefault=False)
    assert run_module(MODULE, {"notifications": [entry]})["changed"] is False
    assert stored(kuma)["Mail"]["config"]["smtpHost"] == "elsewhere"
    result = run_module(MODULE, {"notifications": [{**MAIL, "ignore": ["smtpHostname"]}]})
    assert result["msg"] == (
        "notification 'Mail': ignore names 'smtpHostname', which is no option of a notification: correct the name."
    )


def test_apply_existing(kuma: Server, run_module: RunModule) -> None:
    monitors = [{"name": name, "type": "group"} for name in ("a", "b")]
    run_module("kuma_monitors", {"monitors": monitors})

    def having(notification: str) -> list[str]:
        ident = str(stored(kuma)[notification]["id"])
        return sorted(name for name, monitor in kuma.monitors().items() if monitor["notificationIDList"].get(ident))

    run_twice(run_module, {"notifications": [CHAT]})
    assert having("Chat") == []
    everywhere = {"notifications": [{**CHAT, "apply_existing": True}]}
    result = run_twice(run_module, everywhere)
    assert (result["diff"][0]["before"], result["diff"][0]["after"]) == (
        {"apply_existing": False},
        {"apply_existing": True},
    )
    assert having("Chat") == ["a", "b"]
    run_module("kuma_monitors", {"monitors": [{"name": "c", "type": "group"}]})
    assert run_twice(run_module, everywhere)["updated"] == ["Chat"]
    assert having("Chat") == ["a", "b", "c"]
    # At creation too, and a deleted one is gone from the monitors.
    run_twice(run_module, {"notifications": [{**MAIL, "apply_existing": True}, {"name": "Chat", "state": "absent"}]})
    assert having("Mail") == ["a", "b", "c"]
    assert all(len(monitor["notificationIDList"]) == 1 for monitor in kuma.monitors().values())


def test_google_chat_options(kuma: Server, run_module: RunModule) -> None:
    version = kuma.version
    entry = {"name": "Chat", "google_chat": {"webhook_url": WEBHOOK, "template": "{{ name }}: {{ msg }}"}}
    result = run_module(MODULE, {"notifications": [entry]})
    if version < (2, 0, 0):
        assert result["msg"] == (
            f"notification 'Chat': google_chat: template needs Uptime Kuma 2.0.0 or later; this server is "
            f"{version_text(version)}."
        )
    else:
        assert stored(kuma)["Chat"]["config"]["googleChatUseTemplate"] is True
        assert stored(kuma)["Chat"]["config"]["googleChatTemplate"] == "{{ name }}: {{ msg }}"
        # Off again: the template stays, for whoever wants it back.
        off = {"name": "Chat", "google_chat": {"webhook_url": WEBHOOK, "use_template": False}}
        result = run_twice(run_module, {"notifications": [off]})
        assert result["diff"][0]["after"] == {"google_chat.use_template": False}
        assert stored(kuma)["Chat"]["config"]["googleChatTemplate"] == "{{ name }}: {{ msg }}"
    entry = {"name": "Retries", "google_chat": {"webhook_url": WEBHOOK, "max_retries": 3}}
    result = run_module(MODULE, {"notifications": [entry]})
    if version < (2, 1, 0):
        assert result["msg"] == (
            f"notification 'Retries': google_chat: max_retries needs Uptime Kuma 2.1.0 or later; this server is "
            f"{version_text(version)}."
        )
    else:
        assert stored(kuma)["Retries"]["config"]["googleChatMaxRetries"] == 3


REFUSALS = {
    "no type": ({"name": "N"}, "notification 'N' has no type: add one, e.g. type: slack."),
    "unknown type": (
        {"name": "N", "type": "Slack"},
        "notification 'N': type: Slack is no notification provider of Uptime Kuma; did you mean slack?",
    ),
    "unknown key": (
        {**MAIL, "config": {**MAIL["config"], "smtpHots": "x"}},  # type: ignore[dict-item]
        "notification 'Mail': config: smtpHots is no key of smtp; did you mean smtpHost?",
    ),
    "secret in config": (
        {"name": "N", "type": "slack", "config": {"slackwebhookURL": "https://geheim/"}},
        "notification 'N': config: slackwebhookURL is secret; put it into secret_config.",
    ),
    "missing key": (
        {"name": "N", "type": "slack"},
        "notification 'N': secret_config: slack needs slackwebhookURL.",
    ),
    "wrong type of value": (
        {**MAIL, "config": {**MAIL["config"], "smtpPort": "x"}},  # type: ignore[dict-item]
        "notification 'Mail': config: smtpPort must be an integer, not a string.",
    ),
    "google_chat with another type": (
        {**CHAT, "type": "slack"},
        "notification 'Chat': google_chat does not go with type 'slack': remove one of the two.",
    ),
    "google_chat twice": (
        {**CHAT, "secret_config": {"googleChatWebhookURL": WEBHOOK}},
        (
            "notification 'Chat': googleChatWebhookURL in secret_config is google_chat.webhook_url, which is set as "
            "well: keep one of them."
        ),
    ),
    "webhook address": (
        {"name": "Chat", "google_chat": {"webhook_url": "geheim-w1"}},
        (
            "notification 'Chat': google_chat.webhook_url is not an http:// or https:// address: copy it in full from "
            "the space, under Apps & integrations."
        ),
    ),
    "retries": (
        {"name": "Chat", "google_chat": {"webhook_url": WEBHOOK, "max_retries": 11}},
        "notification 'Chat': google_chat.max_retries 11 is not between 1 and 10: correct it.",
    ),
    "empty name": (
        {"name": " ", "type": "slack"},
        "notifications entry 1: name is empty: give the notification a name.",
    ),
}


@pytest.mark.parametrize(("entry", "sentence"), REFUSALS.values(), ids=REFUSALS.keys())
def test_refusals(kuma: Server, run_module: RunModule, entry: dict[str, Any], sentence: str) -> None:
    result = run_module(MODULE, {"notifications": [entry]}, check=True)
    assert (result["failed"], result["msg"]) == (True, sentence)
    assert "geheim" not in json.dumps(result)


def test_names(kuma: Server, run_module: RunModule) -> None:
    result = run_module(MODULE, {"notifications": [MAIL, CHAT, MAIL]})
    assert result["msg"] == "notification 'Mail' is declared twice, as entries 1 and 3: remove one of them."
    first = kuma.call("addNotification", {"name": "Twin", "type": "webhook"}, None)["id"]
    second = kuma.call("addNotification", {"name": "Twin", "type": "webhook"}, None)["id"]
    result = run_module(MODULE, {"notifications": [{**HOOK, "name": "Twin"}]})
    assert result["msg"] == (
        f"notification 'Twin' exists 2 times on the server (ids {first} and {second}), so it is not clear which one is "
        f"meant: delete or rename all but one."
    )


def test_many_and_two_runs_at_once(kuma: Server, run_module: RunModule) -> None:
    entries = [{**CHAT, "name": f"Chat {number:02}"} for number in range(40)]

    def run(number: int) -> dict[str, Any]:
        return run_module(MODULE, {"notifications": entries})

    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(run, range(2)))
    assert [result["msg"] for result in results if result["failed"]] == []
    assert sorted(len(result["created"]) for result in results) == [0, 40]
    assert sorted(stored(kuma)) == [entry["name"] for entry in entries]


def test_prediction_for_a_server_without_a_user(fresh_kuma: Server, run_module: RunModule) -> None:
    params = {"notifications": [{**MAIL, "apply_existing": True}, HOOK]}
    predicted = run_module(MODULE, params, check=True, server=fresh_kuma)
    fresh_kuma.set_up()
    result = run_module(MODULE, params, server=fresh_kuma)
    assert result["diff"] == predicted["diff"]
    assert result["created"] == predicted["created"] == ["Hook", "Mail"]


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """An address that takes posts, and what it took."""
    taken: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            taken.append({"headers": dict(self.headers), "body": json.loads(body), "path": self.path})
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", taken
    server.shutdown()
    server.server_close()


def test_what_was_stored_sends(kuma: Server, run_module: RunModule, receiver: tuple[str, list[dict[str, Any]]]) -> None:
    url, taken = receiver
    secret = {"webhookURL": f"{url}/hook", "webhookAdditionalHeaders": {"X-Key": "geheim-x1"}}
    entries = [
        {**HOOK, "secret_config": secret},
        {"name": "Chat", "google_chat": {"webhook_url": f"{url}/chat?key=geheim-k2"}},
    ]
    run_twice(run_module, {"notifications": entries})
    for name in ("Hook", "Chat"):
        kuma.call("testNotification", stored(kuma)[name]["config"])
    hook, chat = taken
    assert (hook["path"], hook["headers"]["X-Key"]) == ("/hook", "geheim-x1")
    assert hook["body"]["msg"] == "Hook Testing"
    assert chat["path"] == "/chat?key=geheim-k2"
    assert "Chat Testing" in json.dumps(chat["body"])
