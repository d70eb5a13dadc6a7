# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of notification providers is consistent, and what is wrong with a declared one is said in one sentence."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma import providers
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.providers import (
    PROVIDERS,
    Provider,
    split_config,
    validate_provider,
    wire_config,
)

V123 = (1, 23, 17)
V253 = (2, 5, 3)
HOOK = "https://chat.googleapis.com/v1/spaces/A/messages?key=k&token=t"


def sample(provider: Provider, key: str) -> Any:
    """A value of the right type."""
    if key in provider.choices:
        return provider.choices[key][0]
    kind = provider.types.get(key, "str")
    return {"str": "x", "int": 1, "bool": True, "list": ["x"], "dict": {"x": 1}, "json": {"x": "1"}, "any": "x"}[kind]


def whole(provider: Provider) -> tuple[dict[str, Any], dict[str, Any]]:
    """A configuration with every key."""
    values = {key: sample(provider, key) for key in provider.keys}
    return (
        {k: v for k, v in values.items() if k not in provider.secret},
        {k: v for k, v in values.items() if k in provider.secret},
    )


def test_all_105_providers_of_2_5_3_are_there() -> None:
    assert sum(providers.is_known(p, V253) for p in PROVIDERS.values()) == 105
    assert sum(providers.is_known(p, V123) for p in PROVIDERS.values()) == 53
    assert [p.type for p in PROVIDERS.values() if not providers.is_known(p, V253)] == ["LineNotify"]


@pytest.mark.parametrize("provider", PROVIDERS.values(), ids=lambda p: p.type)
def test_each_row_is_well_formed(provider: Provider) -> None:
    assert not provider.optional & set(provider.required)
    assert not provider.keys & providers.COMMON_KEYS
    assert len(set(provider.required)) == len(provider.required)
    for keys in (provider.secret, provider.types, provider.choices, provider.since_keys, provider.until_keys):
        assert set(keys) <= provider.keys
    assert set(provider.types.values()) <= {"int", "bool", "list", "dict", "json", "any"}
    assert all(version > provider.since for version in provider.since_keys.values())
    for key, value, others in provider.required_when:
        assert {key, *others} <= provider.keys
        assert value in provider.choices[key] if key in provider.choices else provider.types[key] == "bool"
    for group in provider.one_of:
        assert set(group) <= provider.optional
        assert len(group) > 1
    for key in provider.choices:
        assert provider.types.get(key, "str") == "str"
        assert key not in provider.secret


@pytest.mark.parametrize("provider", PROVIDERS.values(), ids=lambda p: p.type)
def test_what_looks_like_a_secret_is_one(provider: Provider) -> None:
    looks = re.compile("token|secret|passw|pass$|apikey|api_key|webhook_?url|privatekey|authkey", re.IGNORECASE)
    # Only an address: what authenticates stands in a key of its own.
    public = {("Keep", "webhookURL"), ("YZJ", "yzjWebHookUrl")}
    for key in provider.keys:
        if looks.search(key) and (provider.type, key) not in public:
            assert key in provider.secret


@pytest.mark.parametrize("provider", PROVIDERS.values(), ids=lambda p: p.type)
def test_a_complete_configuration_is_in_order(provider: Provider) -> None:
    config, secret_config = whole(provider)
    assert validate_provider(provider.type, config, secret_config) == []


@pytest.mark.parametrize("provider", PROVIDERS.values(), ids=lambda p: p.type)
def test_an_empty_configuration_lacks_something(provider: Provider) -> None:
    version = V123 if provider.until else V253
    problems = validate_provider(provider.type, {}, {}, version)
    assert [p.split("needs ")[1].rstrip(".") for p in problems][: len(provider.required)] == list(provider.required)
    assert problems


@pytest.mark.parametrize("provider", PROVIDERS.values(), ids=lambda p: p.type)
def test_split_undoes_wire(provider: Provider) -> None:
    config, secret_config = whole(provider)
    stored = {"name": "n", "type": provider.type, "isDefault": True, "applyExisting": False}
    stored |= wire_config(provider.type, config, secret_config)
    assert split_config(provider.type, stored) == (config, secret_config)


@pytest.mark.parametrize(
    ("type_", "config", "secret_config", "version", "problems"),
    [
        ("GoogleChat", {}, {"googleChatWebhookURL": HOOK}, V253, []),
        ("GoogleChat", {"googleChatMaxRetries": 3}, {"googleChatWebhookURL": HOOK}, V253, []),
        (
            "GogleChat", {}, {}, V253,
            ["type: GogleChat is no notification provider of Uptime Kuma; did you mean GoogleChat?"],
        ),
        ("googlechat", {}, {}, V253,
         ["type: googlechat is no notification provider of Uptime Kuma; did you mean GoogleChat?"]),
        ("carrier-pigeon", {}, {}, V253, ["type: carrier-pigeon is no notification provider of Uptime Kuma."]),
        ("bale", {}, {}, V123, ["type: bale needs Uptime Kuma 2.1.0 or later; this server is 1.23.17."]),
        ("LineNotify", {}, {}, V253, ["type: LineNotify is gone since Uptime Kuma 2.1.0; this server is 2.5.3."]),
        ("GoogleChat", {}, {}, V253, ["secret_config: GoogleChat needs googleChatWebhookURL."]),
        ("GoogleChat", {}, {"googleChatWebhookURL": ""}, V253,
         ["secret_config: GoogleChat needs googleChatWebhookURL."]),
        (
            "GoogleChat", {"googleChatWebhookURL": HOOK}, {}, V253,
            ["config: googleChatWebhookURL is secret; put it into secret_config."],
        ),
        (
            "GoogleChat", {"googleChatTemplate": "{{ msg }}"}, {"googleChatWebhookURL": HOOK}, V123,
            ["config: googleChatTemplate needs Uptime Kuma 2.0.0 or later; this server is 1.23.17."],
        ),
        (
            "GoogleChat", {"googleChatMaxRetries": 3}, {"googleChatWebhookURL": HOOK}, (2, 0, 2),
            ["config: googleChatMaxRetries needs Uptime Kuma 2.1.0 or later; this server is 2.0.2."],
        ),
        (
            "GoogleChat", {"googleChatUseTemplate": True}, {"googleChatWebhookURL": HOOK}, V253,
            ["config: GoogleChat needs googleChatTemplate when googleChatUseTemplate is true."],
        ),
        (
            "GoogleChat", {"googleChatUseTemplat": False}, {"googleChatWebhookURL": HOOK}, V253,
            ["config: googleChatUseTemplat is no key of GoogleChat; did you mean googleChatUseTemplate?"],
        ),
        (
            "apprise", {"colour": "red"}, {"appriseURL": "x://y"}, V253,
            ["config: colour is no key of apprise, which has appriseURL, title."],
        ),
        (
            "apprise", {"isDefault": True}, {"appriseURL": "x://y"}, V253,
            ["config: isDefault belongs to the notification itself, not to its provider."],
        ),
        (
            "apprise", {"title": "a"}, {"appriseURL": "x://y", "title": "b"}, V253,
            ["secret_config: title is set in config as well; keep one of them."],
        ),
        (
            "smtp", {"smtpHost": "mail", "smtpPort": "587", "smtpFrom": "a@b", "smtpTo": "c@d"}, {}, V253,
            ["config: smtpPort must be an integer, not a string."],
        ),
        (
            "smtp", {"smtpHost": "mail", "smtpPort": 587, "smtpFrom": "a@b", "smtpSecure": "yes", "smtpTo": "c@d"}, {},
            V253, ["config: smtpSecure must be true or false, not a string."],
        ),
        (
            "smtp", {"smtpHost": "mail", "smtpPort": True, "smtpFrom": "a@b", "smtpCC": "c@d"}, {}, V253,
            ["config: smtpPort must be an integer, not true or false."],
        ),
        (
            "smtp", {"smtpHost": "mail", "smtpPort": 587, "smtpFrom": "a@b"}, {}, V253,
            ["config: smtp needs one of smtpTo, smtpCC, smtpBCC."],
        ),
        (
            "smtp", {"smtpHost": "m", "smtpPort": 587, "smtpFrom": "a@b", "smtpTo": "c@d"},
            {"smtpAdditionalHeaders": "X-A: b"}, V253,
            ["secret_config: smtpAdditionalHeaders must be a mapping, not a string."],
        ),
        (
            "telegram", {"telegramChatID": -100123}, {"telegramBotToken": "t"}, V253,
            ["config: telegramChatID must be a string, not an integer; put it in quotes."],
        ),
        (
            "webhook", {"webhookContentType": "xml"}, {"webhookURL": "https://example.com"}, V253,
            ["config: webhookContentType must be one of json, form-data, custom, not xml."],
        ),
        (
            "webhook", {"webhookContentType": "custom"}, {"webhookURL": "https://example.com"}, V253,
            ["config: webhook needs webhookCustomBody when webhookContentType is custom."],
        ),
        (
            "DingDing", {"mentioning": "specify-users", "userList": "me"}, {"webHookUrl": "u", "secretKey": "s"}, V253,
            ["config: userList must be a list, not a string."],
        ),
        ("lunasea", {"lunaseaTarget": "user"}, {}, V253,
         ["secret_config: lunasea needs lunaseaUserID when lunaseaTarget is user."]),
        ("lunasea", {}, {}, V253, ["secret_config: lunasea needs one of lunaseaDevice, lunaseaUserID."]),
        ("serwersms", {"serwersmsUsername": "u"}, {"serwersmsPassword": "p"}, V123,
         ["config: serwersms needs serwersmsPhoneNumber."]),
        ("SevenIO", {"sevenioTo": "1"}, {"sevenioApiKey": "k"}, V253,
         ["config: sevenioTo is gone since Uptime Kuma 2.1.0; this server is 2.5.3.",
          "config: SevenIO needs sevenioReceiver."]),
        ("SevenIO", {"sevenioTo": "1"}, {"sevenioApiKey": "k"}, (2, 0, 2), []),
        ("SMSEagle", {"smseagleUrl": "u", "smseagleRecipient": "1"}, {"smseagleToken": "t"}, V123, []),
        ("SMSEagle", {"smseagleUrl": "u", "smseagleRecipient": "1"}, {"smseagleToken": "t"}, V253,
         ["config: SMSEagle needs smseagleApiType."]),
        ("bale", {"baleChatID": "1"}, {"baleBotToken": "t"}, None, []),
    ],
)  # fmt: skip
def test_problems_word_for_word(
    type_: str, config: dict[str, Any], secret_config: dict[str, Any], version: Any, problems: list[str]
) -> None:
    assert validate_provider(type_, config, secret_config, version) == problems


def test_several_problems_are_all_said() -> None:
    assert validate_provider("smtp", {"smtpHots": "mail", "smtpPassword": "hunter2"}, {}, V253) == [
        "config: smtpHots is no key of smtp; did you mean smtpHost?",
        "config: smtpPassword is secret; put it into secret_config.",
        "config: smtp needs smtpHost.",
        "config: smtp needs smtpPort.",
        "config: smtp needs smtpFrom.",
        "config: smtp needs one of smtpTo, smtpCC, smtpBCC.",
    ]


@pytest.mark.parametrize("provider", PROVIDERS.values(), ids=lambda p: p.type)
def test_no_problem_shows_a_secret(provider: Provider) -> None:
    secret = "hunter2-swordfish"
    for value in (secret, [secret], {secret: secret}):
        given = dict.fromkeys(provider.keys, value)
        problems = validate_provider(provider.type, {k: given[k] for k in provider.secret}, given)
        assert secret not in " ".join(problems)


def test_public_keys_may_be_kept_secret() -> None:
    given = {"smtpHost": "mail", "smtpPort": 25, "smtpFrom": "a@b", "smtpTo": "c@d"}
    assert validate_provider("smtp", {}, given, V253) == []
    assert validate_provider("webhook", {}, {"webhookURL": "u", "httpMethod": "put"}, V253) == [
        "secret_config: httpMethod must be one of post, get."
    ]


def test_json_is_sent_as_text_and_read_as_a_mapping() -> None:
    key = "webhookAdditionalHeaders"
    wire = wire_config("webhook", {"httpMethod": "post"}, {key: {"X-Ä": "1"}})
    assert wire == {"httpMethod": "post", key: '{"X-Ä": "1"}'}
    assert split_config("webhook", wire) == ({"httpMethod": "post"}, {key: {"X-Ä": "1"}})
    assert wire_config("webhook", {}, {key: '{"a":1}'}) == {key: '{"a":1}'}
    assert split_config("webhook", {key: "no json"}) == ({}, {key: "no json"})


def test_unknown_keys_and_providers_count_as_secret() -> None:
    assert split_config("apprise", {"title": "t", "new": 1, "id": 4}) == ({"title": "t"}, {"new": 1})
    assert split_config("of tomorrow", {"name": "n", "url": "u"}) == ({}, {"url": "u"})
