# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the buttons of a card lead: the console, Logs Insights, the runbook (pure)."""

from __future__ import annotations

import typing as t
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from .._google_chat.cards import is_web_address
from .alert import Alert

AROUND = timedelta(minutes=15)
"""How much before and after an alarm Logs Insights shows."""

MAX_URL = 2_000
"""The characters of an address; a longer one gets no button."""

_MAX_GROUPS = 50
"""The log groups of one query."""

_CONSOLES = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}

DEFAULT_QUERY = "fields @timestamp, @message, @logStream\n| sort @timestamp desc\n| limit 200"


def console(alert: Alert, default_region: str = "") -> str | None:
    """The page of the alarm, or what the message itself names."""
    if alert.link:
        return _usable(alert.link)
    base = _base(alert, default_region)
    if base is None or alert.source != "alarm":
        return None
    return _usable(f"{base}#alarmsV2:alarm/{quote(alert.name, safe='')}")


def logs(alert: Alert, groups: t.Sequence[str], default_region: str = "") -> str | None:
    """Logs Insights around the moment of ``alert``, with the groups and the query of a log alarm where it is one."""
    base = _base(alert, default_region)
    if base is None or not alert.stateful:
        return None
    return _insights(base, alert.log_query or DEFAULT_QUERY, groups, alert.at - AROUND, alert.at + AROUND)


def insights(
    region: str, partition: str, query: str, groups: t.Sequence[str], start: datetime, end: datetime
) -> str | None:
    """Logs Insights with ``query`` over ``groups``, as many of them as an address has room for."""
    base = _home(region, partition)
    if base is None:
        return None
    tried = (
        _insights(base, query, groups[:number], start, end) for number in range(min(len(groups), _MAX_GROUPS), 0, -1)
    )
    return next(filter(None, tried), None)


def dashboard(region: str, partition: str, name: str) -> str | None:
    """The page of a dashboard."""
    base = _home(region, partition)
    return _usable(f"{base}#dashboards/dashboard/{quote(name, safe='')}") if base and name else None


def runbook(tags: t.Mapping[str, str], kind: str, base: str) -> str | None:
    """The runbook of the service, or the page of this kind of alarm under ``base``.

    :param base: an address that ``/KIND.md`` is put behind, or one that holds ``{kind}``.
    """
    own = tags.get("runbook", "")
    if is_web_address(own):
        return _usable(own)
    if not base or not kind:
        return None
    name = quote(kind, safe="")
    return _usable(base.replace("{kind}", name) if "{kind}" in base else f"{base.rstrip('/')}/{name}.md")


def alarms(region: str, partition: str = "aws") -> str | None:
    """The list of the alarms that are in alarm."""
    base = _home(region, partition)
    return f"{base}#alarmsV2:?~(alarmStateFilter~'ALARM)" if base else None


def trace_map(region: str, partition: str = "aws") -> str | None:
    """The map of the services whose traces X-Ray has."""
    base = _home(region, partition)
    return f"{base}#xray:service-map/map" if base else None


def traces(region: str, partition: str, expression: str) -> str | None:
    """The traces that X-Ray finds by a filter expression."""
    base = _home(region, partition)
    return _usable(f"{base}#xray:traces/query?~(query~(expression~'{_star(expression)}))") if base else None


def _base(alert: Alert, default_region: str) -> str | None:
    parts = alert.arn.split(":")
    partition = parts[1] if len(parts) > 5 and parts[0] == "arn" else "aws"
    region = alert.region or default_region
    return _home(region, partition) if alert.source in ("alarm", "escalation") else None


def _home(region: str, partition: str) -> str | None:
    """The console of CloudWatch; None for what is no Region."""
    if not region.replace("-", "").isalnum():
        return None
    return f"https://{region}.{_CONSOLES.get(partition, _CONSOLES['aws'])}/cloudwatch/home?region={region}"


def _insights(base: str, query: str, groups: t.Sequence[str], start: datetime, end: datetime) -> str | None:
    parts = [f"end~'{_stamp(end)}", f"start~'{_stamp(start)}", "timeType~'ABSOLUTE", "tz~'UTC"]
    parts.append(f"editorString~'{_star(query)}")
    if groups:
        parts.append("source~(" + "".join(f"~'{_star(group)}" for group in groups[:_MAX_GROUPS]) + ")")
    detail = "~(" + "~".join(parts) + ")"
    # The console wants this part quoted twice, with $ in place of the second %.
    return _usable(f"{base}#logsV2:logs-insights{_dollar('?queryDetail=' + detail)}")


def _usable(url: str) -> str | None:
    return url if is_web_address(url) and len(url) <= MAX_URL else None


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H*3a%M*3a%S.000Z")


def _star(text: str) -> str:
    """``text`` as the console writes it inside a query: each byte but letters and digits as ``*xx``."""
    made = []
    for byte in text.encode("utf-8", "replace"):
        char = chr(byte)
        made.append(char if char.isascii() and (char.isalnum() or char in "-_.") else f"*{byte:02x}")
    return "".join(made)


def _dollar(text: str) -> str:
    return quote(text, safe="~()*'.-_").replace("%", "$")
