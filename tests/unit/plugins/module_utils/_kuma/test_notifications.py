# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Notifications: what is declared, compared and sent."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kumawatch.monitoring.plugins.module_utils._diff import diffs
from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import KumawatchError
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma import notification_model as model
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.notifications import Notifications
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.providers import COMMON_KEYS, PROVIDERS
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.state import State
from ansible_collections.kumawatch.monitoring.plugins.module_utils._reconcile import Plan, Update

V123 = (1, 23, 17)
V253 = (2, 5, 3)
WEBHOOK = "https://chat.example.com/v1/spaces/AAA/messages?key=geheim&token=geheim"
MAIL: dict[str, Any] = {
    "name": "Mail",
    "type": "smtp",
    "config": {"smtpHost": "mail.example.com", "smtpPort": 587, "smtpFrom": "a@example.com", "smtpTo": "b@example.com"},
    "secret_config": {"smtpPassword": "geheim"},
}
CHAT: dict[str, Any] = {"name": "Chat", "google_chat": {"webhook_url": WEBHOOK}}
MARKED = {model.MARK: "kumawatch"}


def listed(*configs: dict[str, Any], **columns: Any) -> dict[int, dict[str, Any]]:
    """The server's list of notifications, with ids from 1."""
    return {
        ident: {"id": ident, "name": config["name"], "isDefault": False, "config": json.dumps(config), **columns}
        for ident, config in enumerate(configs, 1)
    }


def planned(
    entries: list[dict[str, Any]],
    notifications: dict[int, dict[str, Any]],
    *,
    monitors: dict[int, dict[str, Any]] | None = None,
    version: tuple[int, int, int] = V253,
    purge: bool = False,
) -> tuple[Notifications, Plan]:
    kind = Notifications(entries)
    kind.owner, kind.purge = "kumawatch", purge
    return kind, kind.plan(State(info={}, notifications=notifications, monitors=monitors), version)


def refusal(entry: dict[str, Any], version: tuple[int, int, int] = V253) -> str:
    with pytest.raises(KumawatchError) as error:
        planned([entry], {}, version=version)
    return str(error.value)


def stored_mail(**more: Any) -> dict[str, Any]:
    return {"name": "Mail", "type": "smtp", **MAIL["config"], **MAIL["secret_config"], **MARKED, **more}


def only_update(plan: Plan) -> Update:
    assert (plan.create, plan.delete) == ((), ())
    (change,) = plan.update
    return change


def edited(entries: list[dict[str, Any]], *configs: dict[str, Any], **columns: Any) -> dict[str, Any]:
    """What is sent for the one notification that changes."""
    there = listed(*configs, **columns)
    change = only_update(planned(entries, there)[1])
    return model.edition(change, there[change.actual.ident], "kumawatch")


# -- names of properties -----------------------------------------------------------------------------------------------


def test_no_key_of_a_provider_is_also_an_option() -> None:
    keys = {key for provider in PROVIDERS.values() for key in provider.keys}
    assert not keys & {"type", "default", "apply_existing", "managed_by"}
    assert not any(key.startswith("google_chat.") for key in keys)
    assert model.MARK in COMMON_KEYS
    assert set(model.GOOGLE_CHAT_KEYS.values()) == PROVIDERS["GoogleChat"].keys


def test_what_is_secret_for_any_provider_is_masked_in_all() -> None:
    names = model.secrets([{"secret_config": {"customBody": "geheim"}}, {}])
    assert {"google_chat.webhook_url", "smtpPassword", "slackwebhookURL", "customBody"} <= names
    assert "googleChatWebhookURL" not in names


# -- what is declared --------------------------------------------------------------------------------------------------


def test_google_chat_is_typed() -> None:
    entry = {"name": "Chat", "google_chat": {"webhook_url": WEBHOOK, "template": "{{ msg }}", "max_retries": 2}}
    (create,) = planned([entry], {})[1].create
    assert create.desired.properties == {
        "type": "GoogleChat",
        "google_chat.webhook_url": WEBHOOK,
        "google_chat.use_template": True,
        "google_chat.template": "{{ msg }}",
        "google_chat.max_retries": 2,
    }
    assert model.creation(create.desired, "kumawatch") == {
        "name": "Chat",
        "type": "GoogleChat",
        "isDefault": False,
        "applyExisting": False,
        "googleChatWebhookURL": WEBHOOK,
        "googleChatUseTemplate": True,
        "googleChatTemplate": "{{ msg }}",
        "googleChatMaxRetries": 2,
        **MARKED,
    }


def test_a_template_may_be_switched_off() -> None:
    entry = {"name": "Chat", "google_chat": {"webhook_url": WEBHOOK, "template": "x", "use_template": False}}
    (create,) = planned([entry], {})[1].create
    assert create.desired.properties["google_chat.use_template"] is False


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ({"name": ""}, "notifications entry 1: name is empty: give the notification a name."),
        ({"name": "N"}, "notification 'N' has no type: add one, e.g. type: slack."),
        (
            {**CHAT, "type": "slack"},
            "notification 'Chat': google_chat does not go with type 'slack': remove one of the two.",
        ),
        (
            {**CHAT, "config": {"googleChatTemplate": "x"}, "google_chat": {"webhook_url": WEBHOOK, "template": "y"}},
            (
                "notification 'Chat': googleChatTemplate in config is google_chat.template, which is set as well: keep "
                "one of them."
            ),
        ),
        (
            {"name": "Chat", "google_chat": {"webhook_url": "geheim"}},
            (
                "notification 'Chat': google_chat.webhook_url is not an http:// or https:// address: copy it in full "
                "from the space, under Apps & integrations."
            ),
        ),
        (
            {"name": "Chat", "google_chat": {"webhook_url": WEBHOOK, "max_retries": 0}},
            "notification 'Chat': google_chat.max_retries 0 is not between 1 and 10: correct it.",
        ),
        (
            {"name": "Chat", "google_chat": {"webhook_url": WEBHOOK, "use_template": True}},
            "notification 'Chat': google_chat: GoogleChat needs template when use_template is true.",
        ),
        (
            {"name": "N", "type": "Slack"},
            "notification 'N': type: Slack is no notification provider of Uptime Kuma; did you mean slack?",
        ),
        (
            {"name": "N", "type": "slack", "config": {"slackwebhookURL": "https://geheim/"}},
            "notification 'N': config: slackwebhookURL is secret; put it into secret_config.",
        ),
        (
            {**MAIL, "config": {}},
            (
                "notification 'Mail': config: smtp needs smtpHost. config: smtp needs smtpPort. config: smtp needs "
                "smtpFrom. config: smtp needs one of smtpTo, smtpCC, smtpBCC."
            ),
        ),
        (
            {**MAIL, "ignore": ["smtpHots"]},
            "notification 'Mail': ignore names 'smtpHots', which is no option of a notification: correct the name.",
        ),
    ],
)
def test_refusals(entry: dict[str, Any], sentence: str) -> None:
    assert refusal(entry) == sentence


def test_versions() -> None:
    assert refusal({"name": "N", "type": "ntfyy"}, V123).startswith("notification 'N': type: ntfyy is no")
    entry = {"name": "Chat", "google_chat": {"webhook_url": WEBHOOK, "template": "x"}}
    assert refusal(entry, V123) == (
        "notification 'Chat': google_chat: template needs Uptime Kuma 2.0.0 or later; this server is 1.23.17."
    )
    entry = {"name": "N", "type": "Bitrix24"}
    assert refusal(entry, V123) == (
        "notification 'N': type: Bitrix24 needs Uptime Kuma 2.0.0 or later; this server is 1.23.17."
    )


def test_what_is_absent_needs_nothing() -> None:
    _kind, plan = planned([{"name": "Mail", "state": "absent"}], listed(stored_mail()))
    assert [change.label for change in plan.delete] == ["Mail"]


def test_names_in_ignore() -> None:
    names = ["type", "default", "apply_existing", "smtpHost", "google_chat.template", "googleChatMaxRetries"]
    (entry,) = model.desired([{**MAIL, "ignore": names}], {}, V253)
    assert entry.ignored == {*names[:-1], "google_chat.max_retries"}


# -- what exists -------------------------------------------------------------------------------------------------------


def test_nothing_to_do() -> None:
    _kind, plan = planned([MAIL], listed(stored_mail(smtpCC="x", smtpPort="587", isDefault=True)))
    assert (plan.changed, plan.unchanged) == (False, ("Mail",))


def test_no_type_is_needed_for_one_that_exists() -> None:
    part = {"name": "Mail", "config": {"smtpHost": "other"}}
    assert dict(only_update(planned([part], listed(stored_mail()))[1]).differences) != {}


def test_odd_types_of_what_others_stored_are_no_mistake_of_the_user() -> None:
    stored = stored_mail(smtpPort="587", smtpSecure="yes", smtpAdditionalHeaders="nonsense", leftOver=1)
    part = {"name": "Mail", "config": {"smtpHost": "other"}}
    assert set(only_update(planned([part], listed(stored))[1]).differences) == {"smtpHost"}


def test_what_is_removed_may_be_missed() -> None:
    part = {"name": "Mail", "config": {"smtpHost": None}}
    with pytest.raises(KumawatchError) as error:
        planned([part], listed(stored_mail()))
    assert str(error.value) == "notification 'Mail': config: smtp needs smtpHost."


def test_a_deletion_shows_no_secret() -> None:
    there = listed(
        stored_mail(smtpDkimPrivateKey="geheim", unknownKey="geheim", isDefault=True),
        {"name": "New", "type": "newer", "key": "geheim", **MARKED},
        {"name": "Broken", "type": "slack", **MARKED},
    )
    there[3]["config"] = "{"
    kind, plan = planned([], there, purge=True)
    assert [change.label for change in plan.delete] == ["Mail", "New"]
    assert plan.unmanaged == ("Broken",)
    shown = diffs(plan, noun=kind.noun, secrets=kind.secrets)
    assert "geheim" not in json.dumps(shown)
    assert shown[0]["before"]["smtpHost"] == "mail.example.com"
    assert shown[1]["before"] == {"type": "newer", "default": False}


def test_every_secret_of_every_provider_is_masked_when_it_goes() -> None:
    configs = [
        {"name": provider.type, "type": provider.type, **dict.fromkeys(provider.secret, "geheim"), **MARKED}
        for provider in PROVIDERS.values()
    ]
    kind, plan = planned([], listed(*configs), purge=True)
    assert len(plan.delete) == len(PROVIDERS)
    shown = json.dumps(diffs(plan, noun=kind.noun, secrets=kind.secrets))
    assert "geheim" not in shown
    assert shown.count("(secret)") == sum(len(provider.secret) for provider in PROVIDERS.values())


def test_apply_existing_asks_for_the_monitors() -> None:
    everywhere = {**MAIL, "apply_existing": True}
    assert Notifications([MAIL]).lists == ("notifications",)
    assert Notifications([everywhere]).lists == ("notifications", "monitors")
    assert Notifications([{**everywhere, "state": "absent"}]).lists == ("notifications",)
    there = listed(stored_mail())
    have, lack = {"notificationIDList": {"1": True, "2": True}}, {"notificationIDList": {"2": True}}
    for monitors, changed in (({}, False), ({5: have}, False), ({5: have, 6: lack}, True), ({6: {}}, True)):
        _kind, plan = planned([everywhere], there, monitors=monitors)
        assert plan.changed is changed
        if changed:
            sent = model.edition(only_update(plan), there[1], "kumawatch")
            assert sent["applyExisting"] is True
    _kind, plan = planned([{**MAIL, "apply_existing": False}], there, monitors={6: lack})
    assert not plan.changed


# -- what is sent ------------------------------------------------------------------------------------------------------


def test_an_edit_keeps_what_is_not_declared() -> None:
    stored = stored_mail(smtpHost="other", smtpCC="cc", isDefault=False, applyExisting=True)
    assert edited([MAIL], stored, isDefault=True) == {
        **stored,
        "smtpHost": "mail.example.com",
        "isDefault": True,  # the column counts, not the copy in the object
        "applyExisting": False,
    }


def test_adoption_adds_the_mark_alone() -> None:
    stored = {key: value for key, value in stored_mail().items() if key != model.MARK}
    assert edited([MAIL], stored) == {**stored, "isDefault": False, "applyExisting": False, **MARKED}


def test_null_takes_a_key_away() -> None:
    sent = edited([{"name": "Mail", "config": {"smtpCC": None, "customSubject": "x"}}], stored_mail(smtpCC="cc"))
    assert "smtpCC" not in sent
    assert sent["customSubject"] == "x"
    assert not planned([{"name": "Mail", "config": {"smtpCC": None}}], listed(stored_mail(smtpCC="")))[1].changed


def test_json_is_sent_as_text_and_compared_as_what_it_says() -> None:
    hook: dict[str, Any] = {
        "name": "Hook",
        "type": "webhook",
        "config": {"webhookContentType": "json"},
        "secret_config": {"webhookURL": "https://geheim/", "webhookAdditionalHeaders": {"A": "1", "B": "2"}},
    }
    (create,) = planned([hook], {})[1].create
    sent = model.creation(create.desired, "kumawatch")
    assert sent["webhookAdditionalHeaders"] == '{"A": "1", "B": "2"}'
    same = {**sent, "webhookAdditionalHeaders": '{\n  "B": "2",\n  "A": "1"\n}'}
    assert not planned([hook], listed(same))[1].changed
    other = {**sent, "webhookAdditionalHeaders": '{"A": "1"}'}
    assert edited([hook], other)["webhookAdditionalHeaders"] == '{"A": "1", "B": "2"}'


def test_another_type_keeps_nothing_of_the_former() -> None:
    sent = edited([{**CHAT, "name": "Mail"}], stored_mail(isDefault=True), isDefault=True)
    assert sent == {
        "name": "Mail",
        "type": "GoogleChat",
        "isDefault": True,
        "applyExisting": False,
        "googleChatWebhookURL": WEBHOOK,
        **MARKED,
    }
    with pytest.raises(KumawatchError, match="secret_config: slack needs slackwebhookURL"):
        planned([{"name": "Mail", "type": "slack"}], listed(stored_mail(slackwebhookURL="https://geheim/")))


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        (587, "587", True),
        (587.0, 587, True),
        (0.5, "0.5", True),
        (None, "", True),
        (None, False, False),
        (True, 1, False),
        (True, "true", False),
        (0, False, False),
        ([1, "2"], ["1", 2], True),
        ({"a": [1]}, {"a": ["1"]}, True),
        ({"a": 1}, {"a": 2}, False),
        ('{"a": 1}', '{"a":1}', False),
    ],
)
def test_what_means_the_same(before: Any, after: Any, same: bool) -> None:
    assert model.equal("smtpHost", before, after) is same
    assert model.equal("smtpHost", after, before) is same


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@given(VALUES)
def test_what_was_sent_compares_equal_when_it_is_read(value: Any) -> None:
    for key in ("smtpHost", "smtpAdditionalHeaders"):
        assert model.equal(key, json.loads(json.dumps(value)), value)


@given(
    st.dictionaries(st.sampled_from(sorted({key for p in PROVIDERS.values() for key in p.keys})), VALUES, max_size=6),
    st.booleans(),
)
def test_an_edit_loses_nothing_that_others_stored(more: dict[str, Any], default: bool) -> None:
    more = {key: value for key, value in more.items() if key not in stored_mail()}
    stored = {**more, **stored_mail(smtpHost="other")}
    sent = edited([MAIL], stored, isDefault=default)
    assert sent == {**stored, "smtpHost": "mail.example.com", "isDefault": default, "applyExisting": False}


def test_a_secret_in_the_wrong_option_is_known_before_it_is_refused() -> None:
    entries = [
        {"type": "smtp", "config": {"smtpHost": "mail.example.com", "smtpPassword": "geheim"}},
        {"type": None, "config": {"smtpPassword": "auch geheim", "smtpPort": 587}},
        {"type": "slack", "config": None},
    ]
    assert model.misplaced_secrets(entries) == {"geheim", "auch geheim"}
