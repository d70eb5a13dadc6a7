# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The secret: read once, shown never."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import KumawatchError
from ansible_collections.kumawatch.monitoring.plugins.module_utils._relay.secrets import Vault, fetcher, parse

URL = "https://chat.googleapis.com/v1/spaces/A/messages?key=SecretKey&token=SecretToken"
OTHER = URL.replace("/A/", "/B/")


def test_a_channel_without_a_webhook_of_its_own_uses_the_common_one() -> None:
    secret = parse(json.dumps({"webhook_url": URL, "webhook_urls": {"b": OTHER}, "signing_key": "k"}))
    assert (secret.webhook("a"), secret.webhook("b")) == (URL, OTHER)
    assert secret.signing_key == "k"
    assert repr(secret) == "Secret(***)"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (URL, 'The secret of the alert channel is no JSON object such as {"webhook_url": "…"}.'),
        ("[]", 'The secret of the alert channel is no JSON object such as {"webhook_url": "…"}.'),
        ('{"webhook_urls": ["SecretToken"]}', "The secret's webhook_urls must be an object of addresses by channel."),
        ('{"signing_key": 5}', "The secret's signing_key must be a text."),
    ],
)
def test_a_secret_that_cannot_be_right(text: str, sentence: str) -> None:
    with pytest.raises(KumawatchError) as caught:
        parse(text)
    assert str(caught.value) == sentence


def test_a_channel_without_any_webhook() -> None:
    with pytest.raises(KumawatchError, match=r"no webhook for the channel 'a': set webhook_url, or webhook_urls\.a\."):
        parse("{}").webhook("a")
    with pytest.raises(KumawatchError, match="not of the form"):
        parse('{"webhook_url": "http://SecretToken"}').webhook("a")


def test_it_is_read_once_and_once_more_when_asked() -> None:
    texts = [
        json.dumps({"webhook_url": URL}),
        json.dumps({"webhook_url": OTHER}),
        "{",
        json.dumps({"webhook_url": OTHER}),
    ]
    reads: list[str] = []

    def fetch() -> str:
        reads.append(texts[len(reads)])
        return reads[-1]

    vault = Vault(fetch)
    assert vault.hidden == ()
    assert [vault.get().webhook_url for _time in range(3)] == [URL] * 3
    assert len(reads) == 1
    assert vault.again()
    assert vault.hidden == (OTHER,)
    assert not vault.again()
    assert vault.get().webhook_url == OTHER
    assert not vault.again()


class Client:
    def __init__(self, error: Exception | None = None) -> None:
        self.calls: list[tuple[str, dict[str, t.Any]]] = []
        self.error = error

    def get_secret_value(self, **arguments: t.Any) -> t.Any:
        self.calls.append(("secret", arguments))
        if self.error:
            raise self.error
        return {"SecretString": "s"}

    def get_parameter(self, **arguments: t.Any) -> t.Any:
        self.calls.append(("parameter", arguments))
        return {"Parameter": {"Value": "p"}}


def test_where_it_is_read_from() -> None:
    client = Client()
    assert fetcher(lambda service: client, "id", "")() == "s"
    assert fetcher(lambda service: client, "", "/name")() == "p"
    assert client.calls == [
        ("secret", {"SecretId": "id"}),
        ("parameter", {"Name": "/name", "WithDecryption": True}),
    ]


def test_what_aws_says_of_it_is_said_without_its_words() -> None:
    error = Exception("SecretToken")
    error.response = {"Error": {"Code": "AccessDeniedException"}}  # type: ignore[attr-defined]
    with pytest.raises(KumawatchError) as caught:
        fetcher(lambda service: Client(error), "id", "")()
    assert str(caught.value) == "The secret 'id' cannot be read: AccessDeniedException."
    assert caught.value.__cause__ is None
    with pytest.raises(KumawatchError, match="Neither KUMAWATCH_SECRET_ID nor KUMAWATCH_PARAMETER"):
        fetcher(lambda service: Client(), "", "")()
