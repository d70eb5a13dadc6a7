# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Notifications: what is declared, what exists, and whether they are the same. Pure.

To the server a notification is one JSON object. In it, next to the name, the type and whether it is a default, stand
the provider's own keys. The mark of ownership is one more key, which Uptime Kuma's own page carries along unseen.

The properties that are compared are ``type``, ``default``, ``apply_existing``, and each key of the provider by itself,
so that only what changes is shown. The keys of Google Chat, which has typed options, go by those.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from .._errors import InputError, KumawatchError
from .._reconcile import ABSENT, PRESENT, Actual, Desired, Update
from .entries import given, ignored
from .fields import V2_0, Version
from .providers import COMMON_KEYS, PROVIDERS, Provider, split_config, validate_provider, wire_config

#: Key of the stored object that bears the mark of ownership.
MARK = "kumawatchManagedBy"

GOOGLE_CHAT = "GoogleChat"
#: Typed option → the provider's key.
GOOGLE_CHAT_KEYS = {
    "webhook_url": "googleChatWebhookURL",
    "use_template": "googleChatUseTemplate",
    "template": "googleChatTemplate",
    "max_retries": "googleChatMaxRetries",
}
#: What the server's own page offers.
MAX_RETRIES = 10

_PROPERTY_OF = {key: f"google_chat.{option}" for option, key in GOOGLE_CHAT_KEYS.items()}
_KEY_OF = {name: key for key, name in _PROPERTY_OF.items()}
_OWN = ("type", "default", "apply_existing")
_JSON = frozenset(key for provider in PROVIDERS.values() for key, kind in provider.types.items() if kind == "json")


def property_of(key: str) -> str:
    """The property that a provider's key is compared and shown as."""
    return _PROPERTY_OF.get(key, key)


def secrets(entries: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """The properties that nobody may see: what any provider keeps secret, and what was declared to be."""
    keys = {key for provider in PROVIDERS.values() for key in provider.secret}
    for entry in entries:
        keys.update(entry.get("secret_config") or ())
    return frozenset(property_of(key) for key in keys)


def misplaced_secrets(entries: Iterable[Mapping[str, Any]]) -> set[str]:
    """Values in ``config`` that belong into ``secret_config``: refused in a moment, and not to be printed with that."""
    found: set[str] = set()
    for entry in entries:
        provider = PROVIDERS.get(str(entry.get("type")))
        keys = provider.secret if provider is not None else secrets(())
        config = entry.get("config") or {}
        found.update(value for key, value in config.items() if key in keys and isinstance(value, str) and value)
    return found


def stored_config(notification: Mapping[str, Any]) -> dict[str, Any]:
    """The stored object, from an entry of the server's list."""
    try:
        config = json.loads(notification.get("config") or "{}")
    except ValueError:
        return {}
    return config if isinstance(config, dict) else {}


# -- what is declared --------------------------------------------------------------------------------------------------


def desired(
    entries: Sequence[Mapping[str, Any]], existing: Mapping[str, Mapping[str, Any]], version: Version
) -> list[Desired]:
    """The entries as the planner takes them, checked.

    :param entries: the user's list, ``None`` for every option that is not set.
    :param existing: the stored objects on the server, by name.
    :raises KumawatchError: an entry cannot be right; the message names it and the key.
    """
    result = []
    for position, entry in enumerate(entries):
        name = str(entry["name"])
        if not name.strip():
            raise InputError(f"notifications entry {position + 1}: name is empty: give the notification a name.")
        options = given(entry)
        state = options.get("state", PRESENT)
        properties = {} if state == ABSENT else _properties(options, existing.get(name, {}), version, name)
        result.append(Desired(name, name, position, properties, state, _ignored(options, name)))
    return result


def _properties(options: Mapping[str, Any], stored: Mapping[str, Any], version: Version, name: str) -> dict[str, Any]:
    who = f"notification '{name}'"
    kind = _type(options, stored, who)
    config = dict(options.get("config", {}))
    secret_config = dict(options.get("secret_config", {}))
    _add_google_chat(options, config, secret_config, version, who)
    same_type = stored.get("type") == kind
    _check(kind, config, secret_config, stored if same_type else {}, version, who, typed="google_chat" in options)
    properties: dict[str, Any] = {"type": kind}
    properties.update({property_of(key): value for key, value in {**config, **secret_config}.items()})
    if "default" in options:
        properties["default"] = options["default"]
    if options.get("apply_existing"):
        properties["apply_existing"] = True
    return properties


def _type(options: Mapping[str, Any], stored: Mapping[str, Any], who: str) -> str:
    kind = options.get("type")
    if "google_chat" in options:
        if kind not in (None, GOOGLE_CHAT):
            raise InputError(f"{who}: google_chat does not go with type '{kind}': remove one of the two.")
        return GOOGLE_CHAT
    kind = kind or stored.get("type")
    if not kind:
        raise InputError(f"{who} has no type: add one, e.g. type: slack.")
    return str(kind)


def _add_google_chat(
    options: Mapping[str, Any], config: dict[str, Any], secret_config: dict[str, Any], version: Version, who: str
) -> None:
    """Turn the typed options into the provider's keys."""
    typed = given(options.get("google_chat", {}))
    if not typed:
        return
    for option, key in GOOGLE_CHAT_KEYS.items():
        if option in typed and (key in config or key in secret_config):
            where = "config" if key in config else "secret_config"
            raise InputError(
                f"{who}: {key} in {where} is google_chat.{option}, which is set as well: keep one of them."
            )
    if not re.match(r"https?://[^/]", typed["webhook_url"]):
        raise InputError(
            f"{who}: google_chat.webhook_url is not an http:// or https:// address: copy it in full from the space, "
            f"under Apps & integrations."
        )
    if "max_retries" in typed and not 1 <= typed["max_retries"] <= MAX_RETRIES:
        raise InputError(
            f"{who}: google_chat.max_retries {typed['max_retries']} is not between 1 and {MAX_RETRIES}: correct it."
        )
    if typed.get("template") and version >= V2_0:
        typed.setdefault("use_template", True)  # a template that is not used would be of no use
    secret_config[GOOGLE_CHAT_KEYS["webhook_url"]] = typed.pop("webhook_url")
    config.update({GOOGLE_CHAT_KEYS[option]: value for option, value in typed.items()})


def _check(
    kind: str,
    config: Mapping[str, Any],
    secret_config: Mapping[str, Any],
    stored: Mapping[str, Any],
    version: Version,
    who: str,
    *,
    typed: bool,
) -> None:
    """Refuse keys that are unknown, misplaced or of the wrong type, and what lacks a key that it needs.

    :param stored: what the server has of the same type; a key that is there need not be declared.
    """
    there: dict[str, Any] = {}
    there_secret: dict[str, Any] = {}
    provider = PROVIDERS.get(kind)
    if provider is not None:
        known = {key for key in provider.keys if provider.since_keys.get(key, provider.since) <= version}
        for key in known.intersection(stored).difference(config, secret_config):
            if stored[key] not in (None, ""):
                (there_secret if key in provider.secret else there)[key] = _well_typed(provider, key, stored[key])
    problems = validate_provider(kind, {**there, **config}, {**there_secret, **secret_config}, version)
    if not problems:
        return
    text = " ".join(problems)
    if typed:
        for option, key in GOOGLE_CHAT_KEYS.items():
            text = re.sub(rf"(?:secret_)?config: {key} ", f"google_chat: {option} ", text)
            text = re.sub(rf"\b{key}\b", option, text)
        text = re.sub(r"(?:secret_)?config: ", "google_chat: ", text)
    raise KumawatchError(f"{who}: {text}")


def _well_typed(provider: Provider, key: str, value: Any) -> Any:
    """A stored value for the check: others wrote it, so its type is no mistake of the user's."""
    choices = provider.choices.get(key)
    if choices:
        return value if value in choices else choices[0]
    wanted = provider.types.get(key, "str")
    if wanted == "json":
        value = _parsed(value)
    kind, stand_in = {
        "str": (str, str(value)),
        "int": (int, 1),
        "bool": (bool, bool(value)),
        "list": (list, [value]),
        "dict": (dict, {key: value}),
        "json": (dict, {key: value}),
    }.get(wanted, (object, value))
    is_right = isinstance(value, kind) and (wanted == "bool" or not isinstance(value, bool))
    return value if is_right else stand_in


def _ignored(options: Mapping[str, Any], name: str) -> frozenset[str]:
    keys = {*options.get("config", ()), *options.get("secret_config", ()), *GOOGLE_CHAT_KEYS.values()}
    keys.update(key for provider in PROVIDERS.values() for key in provider.keys)
    names = ignored(options, {*_OWN, *keys, *_KEY_OF}, f"notification '{name}'", "notification")
    return frozenset(property_of(key) for key in names)


# -- what exists -------------------------------------------------------------------------------------------------------


def actual(
    notifications: Mapping[int, Mapping[str, Any]],
    monitors: Mapping[int, Mapping[str, Any]] | None,
    applied: Collection[str],
    declared: Mapping[str, Collection[str]],
) -> list[Actual]:
    """The notifications on the server.

    :param monitors: the server's JSON of all monitors; needed where ``applied`` is not empty.
    :param applied: names of notifications of which it is asked whether every monitor has them.
    :param declared: by name, the properties that were declared, whose values are needed whatever the type.
    """
    result = []
    for ident, notification in notifications.items():
        config = stored_config(notification)
        name = str(notification["name"])
        kind = str(config.get("type") or "")
        properties: dict[str, Any] = {"type": kind, "default": bool(notification.get("isDefault"))}
        if name in applied:
            properties["apply_existing"] = _has_every_monitor(ident, monitors or {})
        keys = PROVIDERS[kind].keys if kind in PROVIDERS else frozenset()
        wanted = {*keys, *(_KEY_OF.get(prop, prop) for prop in declared.get(name, ()))}
        plain, secret = split_config(kind, config)
        for key, value in {**plain, **secret}.items():
            if key in wanted:
                properties[property_of(key)] = value
        owner = config.get(MARK)
        result.append(Actual(name, name, ident, properties, None if owner is None else str(owner)))
    return result


def _has_every_monitor(ident: int, monitors: Mapping[int, Mapping[str, Any]]) -> bool:
    return all((monitor.get("notificationIDList") or {}).get(str(ident)) for monitor in monitors.values())


def equal(name: str, before: Any, after: Any) -> bool:
    """Whether two values of one property mean the same to the server."""
    if name in _OWN:
        return bool(before == after)
    if name in _JSON:
        before, after = _parsed(before), _parsed(after)
    return bool(_plain(before) == _plain(after))


def _plain(value: Any) -> Any:
    """A value as it compares: numbers as their text, nothing as the empty text."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if value is None:
        return ""
    if isinstance(value, bool):
        return value
    if isinstance(value, (int, float)):
        return str(int(value)) if value == int(value) else str(value)
    return value


def _parsed(value: Any) -> Any:
    """What a JSON text says; anything else as it is."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


# -- what is sent ------------------------------------------------------------------------------------------------------


def creation(entry: Desired, owner: str | None) -> dict[str, Any]:
    """The object of a new notification."""
    return _object({}, entry, entry.properties, owner)


def edition(change: Update, notification: Mapping[str, Any], owner: str | None) -> dict[str, Any]:
    """The object of a notification that changes: what is stored, with what differs.

    A notification of another type keeps nothing of the former provider's.
    """
    stored = stored_config(notification)
    changes = {name: difference.after for name, difference in change.differences.items()}
    if "type" in changes:
        # All that is declared belongs to the new type, whether or not the old one happened to have it.
        stored = {key: value for key, value in stored.items() if key in COMMON_KEYS}
        changes = dict(change.desired.properties)
    stored["isDefault"] = bool(notification.get("isDefault"))
    stored.setdefault("type", change.actual.properties.get("type"))
    return _object(stored, change.desired, changes, owner)


def _object(base: Mapping[str, Any], entry: Desired, changes: Mapping[str, Any], owner: str | None) -> dict[str, Any]:
    kind = changes.get("type") or base.get("type")
    keys = {_KEY_OF.get(name, name): value for name, value in changes.items() if name not in _OWN}
    # Whatever was declared secret or not, to the server all keys stand side by side.
    wire = wire_config(kind, keys, {}) if kind in PROVIDERS else keys
    result = {**base, **wire}
    for key, value in keys.items():
        if value is None:
            result.pop(key, None)
    result.update(
        name=entry.label,
        type=kind,
        isDefault=bool(changes.get("default", base.get("isDefault", False))),
        # The server stores nothing of this one, it acts on it.
        applyExisting=bool(changes.get("apply_existing", False)),
    )
    if owner is not None:
        result[MARK] = owner
    return result


# -- what is exported --------------------------------------------------------------------------------------------------


def exported(notifications: Mapping[int, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The notifications on the server as ``kuma_notifications`` takes them; secrets in options of their own."""
    return [_entry(item) for item in sorted(notifications.values(), key=lambda item: str(item["name"]))]


def _entry(notification: Mapping[str, Any]) -> dict[str, Any]:
    stored = stored_config(notification)
    kind = str(stored.get("type") or "")
    provider = PROVIDERS.get(kind)
    # A key that the provider does not have was left behind by the server's own page; the module would refuse it.
    known = {key: value for key, value in stored.items() if provider is None or key in provider.keys}
    config, secret_config = split_config(kind, known)
    secret_config.pop(MARK, None)
    entry: dict[str, Any] = {"name": str(notification["name"]), "default": bool(notification.get("isDefault"))}
    if kind == GOOGLE_CHAT:
        found = {**config, **secret_config}
        options = {option: found[key] for option, key in GOOGLE_CHAT_KEYS.items() if found.get(key) not in (None, "")}
        return {**entry, "google_chat": options}
    entry["type"] = kind
    for option, keys in (("config", config), ("secret_config", secret_config)):
        if provider is not None:
            keys = {key: _well_typed(provider, key, value) for key, value in keys.items() if value not in (None, "")}
        if keys:
            entry[option] = keys
    return entry


def without_secrets(entry: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """An exported entry without its secrets, and the options that were left out."""
    kept = {option: value for option, value in entry.items() if option != "secret_config"}
    withheld = [f"secret_config.{key}" for key in sorted(entry.get("secret_config", ()))]
    if "webhook_url" in entry.get("google_chat", {}):
        kept["google_chat"] = {
            option: value for option, value in kept["google_chat"].items() if option != "webhook_url"
        }
        withheld.append("google_chat.webhook_url")
    return kept, withheld
