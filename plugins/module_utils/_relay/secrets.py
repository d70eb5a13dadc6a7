# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The webhooks and the keys: read once per container, and once more where a webhook is another one by now."""

from __future__ import annotations

import json
import typing as t
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from .._errors import KumawatchError
from .._google_chat.webhook import check_webhook


@dataclass(frozen=True, repr=False)
class Secret:
    """What must never be shown.

    :param webhook_urls: by channel; a channel without one uses ``webhook_url``.
    """

    webhook_url: str = ""
    webhook_urls: Mapping[str, str] = field(default_factory=dict)
    signing_key: str = ""
    front_door_token: str = ""

    def __repr__(self) -> str:
        return "Secret(***)"

    def webhook(self, channel: str) -> str:
        """The webhook of ``channel``.

        :raises KumawatchError: there is none, or it cannot be one.
        """
        url = self.webhook_urls.get(channel) or self.webhook_url
        if not url:
            raise KumawatchError(
                f"The secret holds no webhook for the channel '{channel}': set webhook_url, or webhook_urls.{channel}."
            )
        check_webhook(url)
        return url

    @property
    def hidden(self) -> tuple[str, ...]:
        """Everything that must not appear anywhere."""
        return tuple(filter(None, (self.webhook_url, *self.webhook_urls.values())))


def parse(text: str) -> Secret:
    """The secret in ``text``, a JSON object.

    :raises KumawatchError: it is none; without what it holds.
    """
    try:
        data: t.Any = json.loads(text)
    except (ValueError, TypeError):
        data = None
    if not isinstance(data, dict):
        raise KumawatchError('The secret of the alert channel is no JSON object such as {"webhook_url": "…"}.')
    urls = data.get("webhook_urls") or {}
    if not isinstance(urls, dict):
        raise KumawatchError("The secret's webhook_urls must be an object of addresses by channel.")
    return Secret(
        webhook_url=_string(data, "webhook_url"),
        webhook_urls={str(name): url for name, url in urls.items() if isinstance(url, str) and url},
        signing_key=_string(data, "signing_key"),
        front_door_token=_string(data, "front_door_token"),
    )


def _string(data: Mapping[str, t.Any], name: str) -> str:
    value = data.get(name) or ""
    if not isinstance(value, str):
        raise KumawatchError(f"The secret's {name} must be a text.")
    return value


class Vault:
    """Keeps the secret for as long as the container lives.

    :param fetch: reads it, a JSON text.
    """

    def __init__(self, fetch: Callable[[], str]) -> None:
        self._fetch = fetch
        self._secret: Secret | None = None

    @property
    def hidden(self) -> tuple[str, ...]:
        """What must not appear anywhere; nothing as long as nothing has been read."""
        return self._secret.hidden if self._secret is not None else ()

    def get(self) -> Secret:
        """The secret.

        :raises KumawatchError: it cannot be read.
        """
        if self._secret is None:
            self._secret = parse(self._fetch())
        return self._secret

    def again(self) -> bool:
        """Read the secret again; whether it is another one now."""
        before = self._secret
        try:
            self._secret = parse(self._fetch())
        except KumawatchError:
            return False
        return self._secret != before


def fetcher(client: Callable[[str], t.Any], secret_id: str, parameter: str) -> Callable[[], str]:
    """What reads the secret from Secrets Manager, or else from an SSM parameter.

    :param client: makes a client of boto3 for a service.
    """

    def fetch() -> str:
        where = f"The secret '{secret_id}'" if secret_id else f"The parameter '{parameter}'"
        if not secret_id and not parameter:
            raise KumawatchError("Neither KUMAWATCH_SECRET_ID nor KUMAWATCH_PARAMETER says where the webhook is.")
        try:
            if secret_id:
                value = client("secretsmanager").get_secret_value(SecretId=secret_id)["SecretString"]
            else:
                value = client("ssm").get_parameter(Name=parameter, WithDecryption=True)["Parameter"]["Value"]
        except Exception as error:  # botocore's; its text might repeat what was sent
            code = getattr(error, "response", {}).get("Error", {}).get("Code", type(error).__name__)
            raise KumawatchError(f"{where} cannot be read: {code}.") from None
        return str(value)

    return fetch
