# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Escalation by time: what nobody has taken is published once more, as critical."""

from __future__ import annotations

import json
import typing as t
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from .alert import CRITICAL
from .events import ESCALATION
from .incidents import STALE, Incident, entry, escalating, forgotten, from_item, stamp
from .settings import Settings
from .store import INCIDENT, Store, StoreError

SUBJECT_LENGTH = 99


@dataclass
class Report:
    """What one run did: the identities."""

    escalated: list[str]
    swept: list[str]
    failed: list[str]


def message(incident: Incident, now: datetime) -> dict[str, t.Any]:
    """What is published. Whoever reads it without the relay, in an e-mail, finds a sentence in it."""
    minutes = int((now - incident.opened_at).total_seconds() // 60)
    title = incident.title or incident.identity
    return {
        "message": f"{title} has been a warning for {minutes} min, and nobody has taken it.",
        ESCALATION: {
            "incident": incident.identity,
            "opened_at": stamp(incident.opened_at),
            "severity": CRITICAL,
            "title": title,
            "alarm": incident.alarm,
            "alarm_arn": incident.alarm_arn,
            "minutes": minutes,
            "at": stamp(now),
        },
    }


def escalate(
    settings: Settings,
    store: Store,
    publish: Callable[[str, str, str], None],
    now: datetime,
    log: Callable[..., None],
) -> Report:
    """Publish what is due, and put away what was forgotten.

    It is published first and marked afterwards: should this end in between, the next run publishes it again, and the
    relay knows that it was told. The other way round it would never be told.

    :param publish: takes a topic's ARN, a subject and a text.
    """
    report = Report([], [], [])
    topic = settings.topics.get(CRITICAL, "")
    for found in store.find(INCIDENT):
        try:
            incident = from_item(found)
        except ValueError as error:
            log("unreadable incident", incident=str(found.get("id")), reason=str(error))
            continue
        if forgotten(incident, now):
            if _write(store, replace(incident, status=STALE), now):
                report.swept.append(incident.identity)
            continue
        if settings.escalate_after is None or not topic or not escalating(incident, now, settings.escalate_after):
            continue
        text = message(incident, now)
        try:
            subject = f"Escalated: {incident.title or incident.identity}"
            publish(topic, ascii_line(subject), json.dumps(text, ensure_ascii=False))
            # Somebody may have written it in the meantime; the next run sees to it then.
            _write(store, replace(incident, escalated_at=now), now)
            report.escalated.append(incident.identity)
        except Exception as error:  # botocore's or the table's: one incident does not stop the others
            reason = str(error) if isinstance(error, StoreError) else type(error).__name__
            log("not escalated", incident=incident.identity, reason=reason)
            report.failed.append(incident.identity)
    log("escalation", escalated=len(report.escalated), swept=len(report.swept), failed=len(report.failed))
    return report


def ascii_line(text: str) -> str:
    """``text`` as the subject of an e-mail, which SNS takes in ASCII, on one line, and short."""
    plain = "".join(char if 32 <= ord(char) < 127 else "?" for char in text).strip()
    return plain[:SUBJECT_LENGTH] or "Kumawatch"


def _write(store: Store, incident: Incident, now: datetime) -> bool:
    return store.replace(entry(incident, now), incident.version)
