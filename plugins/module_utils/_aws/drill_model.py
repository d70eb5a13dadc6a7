# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which link of an alert's path broke, from what can be seen of each of them. Pure.

The path: topic → subscription → queue → event source → relay → chat; what comes from Uptime Kuma passes the front door
before it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SEVERITIES = ("critical", "warning", "info")

TOPIC, SUBSCRIPTION, QUEUE, SOURCE, RELAY, CHAT = "topic", "subscription", "queue", "event source", "relay", "chat"
DEAD, DOOR, KUMA = "dead letters", "front door", "Uptime Kuma"
LINKS = (KUMA, DOOR, TOPIC, SUBSCRIPTION, QUEUE, SOURCE, RELAY, CHAT, DEAD)

#: What a line of the relay's log has in it if something went wrong.
_TROUBLE = ("[ERROR]", "Task timed out", "Traceback", "table unusable", "Error:", "Status: error", "ImportModuleError")


@dataclass(frozen=True)
class Names:
    """What the resources of an environment's alert channel are called."""

    environment: str

    @property
    def prefix(self) -> str:
        return f"kumawatch-{self.environment}"

    @property
    def queue(self) -> str:
        return f"{self.prefix}-alerts"

    @property
    def dead(self) -> str:
        return f"{self.prefix}-alerts-dead"

    @property
    def relay(self) -> str:
        return f"{self.prefix}-relay"

    @property
    def table(self) -> str:
        return f"{self.prefix}-incidents"

    def topic(self, severity: str) -> str:
        return f"{self.prefix}-{severity}"


@dataclass
class Path:
    """One way that an alert takes.

    :param name: what a reader calls it: ``topic critical``, ``front door``, ``Uptime Kuma: NAME``.
    :param severity: of the topic that it goes through; empty for one that goes around the account.
    :param item: the sort key of the drill in the table, ``ID/PATH``.
    :param broken: link and sentence, once something is known to be broken.
    :param seconds: how long it took, once it arrived.
    """

    name: str
    severity: str = ""
    item: str = ""
    broken: tuple[str, str] | None = None
    seconds: float | None = None

    @property
    def waiting(self) -> bool:
        return self.broken is None and self.seconds is None


@dataclass
class Evidence:
    """What can be seen of the account. ``None`` is what does not exist.

    :param subscribed: by severity, whether the queue is subscribed to the topic; ``None`` for a topic there is not.
    :param waiting: messages in the queue that nobody has taken yet.
    :param in_flight: messages that the relay works on, or that wait to be tried again.
    :param dead: sort keys of the drills that lie in the dead letters.
    :param source: state of the event source from the queue to the relay.
    :param concurrency: reserved for the relay; -1 for none.
    :param trouble: the last line of the relay's log that tells of something wrong.
    """

    subscribed: dict[str, bool | None] = field(default_factory=dict)
    waiting: int | None = 0
    in_flight: int = 0
    dead: frozenset[str] = frozenset()
    dead_queue: bool = True
    source: str | None = None
    relay: bool = True
    concurrency: int = -1
    trouble: str = ""


def text_of(drill: str, path: str, severity: str) -> str:
    """What is published to a topic. Whoever is subscribed to it by e-mail reads that it is a test."""
    return json.dumps(
        {
            "message": "This is a test of the alert path. Nothing is wrong, and nothing is to be done.",
            "kumawatch_drill": drill,
            "path": path,
            "severity": severity,
        }
    )


def notification_of(drill: str) -> str:
    """What Uptime Kuma would send to the front door."""
    return json.dumps({"heartbeat": None, "monitor": None, "msg": f"kumawatch-drill: {drill}"})


def trouble_in(lines: list[str]) -> str:
    """The last line that tells of something wrong, on one line and not too long."""
    for line in reversed(lines):
        if any(word in line for word in _TROUBLE):
            return " ".join(line.split())[:300]
    return ""


def verdict(path: Path, item: Mapping[str, Any] | None, seen: Evidence, names: Names) -> tuple[str, str]:
    """The link that broke, and a sentence that says what was found there and what to do.

    :param item: what the relay has noted of this drill: when it was ``received``, ``posted``, ``refused``, and why.
    """
    item = item or {}
    reason = str(item.get("reason") or "").rstrip(".")
    if path.item in seen.dead:
        why = f" ({reason})" if reason else ""
        return DEAD, (
            f"it lies in {names.dead}{why}: mend what refused it, then run playbooks/redrive.yml to send it again."
        )
    if item.get("refused"):
        return CHAT, f"the chat refused it ({reason or 'no reason was noted'}): check the webhook in the secret."
    topic = names.topic(path.severity)
    # What has been received has passed the links before.
    if not item.get("received"):
        subscribed = seen.subscribed.get(path.severity)
        if subscribed is None:
            return TOPIC, f"there is no topic {topic}: run the role alert_channel."
        if seen.waiting is None:
            return QUEUE, f"there is no queue {names.queue}: run the role alert_channel."
        if not subscribed:
            return SUBSCRIPTION, f"the queue {names.queue} is not subscribed to {topic}: run the role alert_channel."
    if not seen.relay:
        return RELAY, f"there is no function {names.relay}: run the role alert_channel."
    if seen.source is None:
        return SOURCE, f"nothing feeds {names.relay} from {names.queue}: run the role alert_channel."
    if seen.source in ("Disabled", "Disabling"):
        return SOURCE, (
            f"the event source of {names.relay} is {seen.source.lower()}, and {_count(seen.waiting)} in {names.queue}: "
            f"enable it, or run the role alert_channel."
        )
    if seen.concurrency == 0:
        return RELAY, (
            f"{names.relay} may not run, since its reserved concurrency is 0, and {_count(seen.waiting)} in "
            f"{names.queue}: raise it."
        )
    if seen.trouble:
        return RELAY, f"{names.relay} runs and fails ({seen.trouble}): see its log group /aws/lambda/{names.relay}."
    if item.get("received"):
        return (
            RELAY,
            f"{names.relay} has received it and not posted it yet: see its log group /aws/lambda/{names.relay}.",
        )
    if seen.waiting:
        return QUEUE, f"{_count(seen.waiting)} in {names.queue}, and {names.relay} does not keep up with them: wait."
    if seen.in_flight:
        return RELAY, (
            f"{names.relay} has taken {seen.in_flight} messages and told nobody: see its log group "
            f"/aws/lambda/{names.relay}."
        )
    return QUEUE, (
        f"{topic} took it and it never came to {names.queue}: check the policies of the queue and of the key, and run "
        f"the role alert_channel."
    )


def _count(waiting: int | None) -> str:
    if waiting == 1:
        return "1 alert waits"
    return f"{waiting or 0} alerts wait"


def summary(drill: str, paths: list[Path], timeout: float) -> str:
    """The outcome in one line: each path that broke, with the link that broke."""
    broken = [path for path in paths if path.broken is not None]
    if not broken:
        slowest = max((path.seconds or 0.0 for path in paths), default=0.0)
        return f"drill {drill}: {len(paths)} of {len(paths)} paths arrived, the slowest in {slowest:.1f} s"
    # What broke for all of them alike is said once.
    reasons: dict[tuple[str, str], list[str]] = {}
    for path in broken:
        if path.broken:
            reasons.setdefault(path.broken, []).append(path.name)
    parts = [f"{' and '.join(names)}: {link}: {sentence.rstrip('.')}" for (link, sentence), names in reasons.items()]
    return (
        f"drill {drill}: {len(broken)} of {len(paths)} paths did not arrive within {timeout:g} s. {'; '.join(parts)}."
    )
