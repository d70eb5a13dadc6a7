# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From any text to an :class:`.alert.Alert` (pure).

Nothing is ever dropped here: what cannot be read becomes a raw alert, which is posted as it is.
"""

from __future__ import annotations

import hashlib
import json
import re
import typing as t
from datetime import UTC, datetime, timedelta

from .alert import ALARM, CRITICAL, INFO, NO_DATA, OK, SEVERITIES, Alert, Child, Measure

Object = t.Mapping[str, t.Any]

ESCALATION = "kumawatch_escalation"
ACKNOWLEDGED = "kumawatch_acknowledged"
DRILL = "kumawatch_drill"
UPTIME = "kumawatch_uptime"

MAX_TEXT = 20_000
"""The characters of a message that cannot be read which are kept; the card shows fewer."""

_FAR = timedelta(days=400)
_DRILL_IN_TEXT = re.compile(r"kumawatch[-_]drill[\"']?\s*[:=]\s*[\"']?([A-Za-z0-9][\w.-]{0,63})")
_BRACKETS = re.compile(r"\[([^\]]*)\]")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_OUT_OF = re.compile(r"(\d+) out of the last (\d+) datapoints?")
_POINTS = re.compile(r"(\d+) datapoints?")
_UPPER = re.compile(r"upper thresholds? (?:\[|\()([^\])]*)")
_LOWER = re.compile(r"lower thresholds? (?:\[|\()([^\])]*)")
_NO_DATA = re.compile(
    r"no datapoints were received for (\d+) periods?(?: and \d+ missing datapoints? (?:was|were) "
    r"treated as \[(\w+)\])?"
)
_ARN = re.compile(r"arn:[\w-]+:[\w-]+:[\w-]*:\d*:.+")


def read(
    body: str,
    message_id: str,
    received: datetime,
    topics: t.Mapping[str, str] | None = None,
    sent: datetime | None = None,
) -> Alert:
    """The alert in the body of a message of the queue.

    :param body: an SNS envelope, or, with raw delivery, the message alone.
    :param message_id: the queue's; stands in where the envelope has none.
    :param received: now, for what says no time.
    :param topics: the ARNs of the topics by severity, for what says no severity.
    :param sent: when the message was put into the queue.
    """
    text, identity, topic, subject = _valid(body), message_id, "", ""
    when = sent or received
    envelope = _object(body)
    if envelope is not None and envelope.get("Type") == "Notification" and isinstance(envelope.get("Message"), str):
        text = _valid(envelope["Message"])
        identity = _text(envelope.get("MessageId")) or message_id
        topic = _text(envelope.get("TopicArn"))
        subject = _text(envelope.get("Subject"))
        when = _time(envelope.get("Timestamp"), when, received)
    severity = next((name for name, arn in (topics or {}).items() if arn == topic and topic), "")
    context = _Context(identity, when, received, severity, subject, topic.rpartition(":")[2])
    try:
        return _read(text, context)
    except Exception:  # whatever a message holds: it is posted raw, and not lost
        return _raw(text, context)


class _Context(t.NamedTuple):
    """What is known of a message beside its text."""

    identity: str
    when: datetime
    received: datetime
    severity: str
    subject: str
    topic: str


def digest(*parts: str) -> str:
    """A short name of ``parts``, the same for the same ones."""
    joined = "\x1f".join(parts).encode("utf-8", "replace")
    return hashlib.sha256(joined).hexdigest()[:40]


def drill_in(text: str) -> str:
    """The name of the drill that ``text`` is marked with; empty where it is no drill."""
    found = _DRILL_IN_TEXT.search(text)
    return found[1] if found else ""


def _read(text: str, context: _Context) -> Alert:
    data = _object(text)
    if data is None:
        return _drill({DRILL: drill_in(text)}, context, text) if drill_in(text) else _raw(text, context)
    if data.get(DRILL):
        return _drill(data, context, text)
    for name, reader in _OURS.items():
        if isinstance(data.get(name), dict):
            return reader(data[name], context)
    if _text(data.get("AlarmName")) and _text(data.get("NewStateValue")):
        return _alarm(data, context)
    if "alarmData" in data and "alarmArn" in data:
        return _alarm_event({**data, "detail": data["alarmData"]}, context)
    if _text(data.get("detail-type")) and isinstance(data.get("detail"), dict):
        if data["detail-type"] == "CloudWatch Alarm State Change":
            return _alarm_event(data, context)
        return _event(data, context)
    if _text(data.get("Event Source")) and _text(data.get("Event Message")):
        return _database(data, context)
    if "heartbeat" in data and "monitor" in data:
        return _uptime(data, context)
    return _drill({DRILL: drill_in(text)}, context, text) if drill_in(text) else _raw(text, context)


# -- CloudWatch


def _alarm(data: Object, context: _Context) -> Alert:
    """An alarm's message to a topic: metric, metric math, anomaly band, composite, log, Metrics Insights."""
    name = _text(data["AlarmName"])
    arn = _text(data.get("AlarmArn"))
    at = _time(data.get("StateChangeTime"), context.when, context.received)
    state = _text(data["NewStateValue"])
    trigger = _mapping(data.get("Trigger"))
    reason = _text(data.get("NewStateReason"))
    attributes = _mapping(data.get("AlarmContributorAttributes"))
    contributor = _text(data.get("AlarmContributorId")) or digest(*sorted(map(str, attributes.items()))) * bool(
        attributes
    )
    tags = _tags(data.get("AlarmTags"), data.get("AlarmTagsStatus"))
    groups, query, lines = _logs(data)
    if not groups:
        groups, query, more = _logs(trigger)
        lines = lines or more
    return Alert(
        key=digest("alarm", arn or name, contributor, state, at.isoformat()),
        source="alarm",
        title=name,
        at=at,
        state=state if state in (ALARM, OK, NO_DATA) else "",
        old_state=_text(data.get("OldStateValue")),
        severity=context.severity,
        name=name,
        arn=arn,
        account=_text(data.get("AWSAccountId")) or _arn_part(arn, 4),
        region=_arn_part(arn, 3),
        description=_text(data.get("AlarmDescription")),
        reason=reason,
        measure=_measure(trigger, reason) if trigger else None,
        resource=", ".join(_text(value) for value in attributes.values()),
        tags=tags,
        contributor=contributor,
        children=tuple(_children(data.get("TriggeringChildren"))),
        log_groups=groups,
        log_query=query,
        log_lines=lines,
        facts=_facts(data, trigger, attributes),
    )


def described(metric_alarm: Object) -> tuple[Measure, str, tuple[tuple[str, str], ...]]:
    """What an alarm measures, why it is in its state, and its dimensions, from what DescribeAlarms says of it."""
    reason = _text(metric_alarm.get("StateReason"))
    return _measure(metric_alarm, reason), reason, tuple(_dimensions(metric_alarm))


def _facts(data: Object, trigger: Object, attributes: Object) -> tuple[tuple[str, str], ...]:
    facts = [(_text(name), _text(value)) for name, value in attributes.items()]
    shown = {value for _name, value in facts}
    facts += [pair for pair in _dimensions(trigger) if pair[1] not in shown]
    if data.get("ActionExecutedAfterMuteWindow") is True:
        facts.append(("Muted until now", "it changed its state while it was muted"))
    return tuple(facts[:8])


def _dimensions(trigger: Object) -> list[tuple[str, str]]:
    """The dimensions of the metric, or of the first one behind an expression that has any."""
    found = _pairs(trigger.get("Dimensions"))
    for query in _sequence(trigger.get("Metrics")):
        if found:
            break
        found = _pairs(_mapping(_mapping(_mapping(query).get("MetricStat")).get("Metric")).get("Dimensions"))
    return found


def _pairs(value: t.Any) -> list[tuple[str, str]]:
    """Dimensions, which CloudWatch writes in three ways."""
    if isinstance(value, dict):
        return [(_text(name), _text(item)) for name, item in value.items()]
    pairs = []
    for entry in _sequence(value):
        item = _mapping(entry)
        name, content = item.get("name") or item.get("Name"), item.get("value") or item.get("Value")
        if name:
            pairs.append((_text(name), _text(content)))
    return pairs


def _measure(trigger: Object, reason: str) -> Measure:
    label = metric = _text(trigger.get("MetricName"))
    namespace = _text(trigger.get("Namespace"))
    statistic = _text(trigger.get("ExtendedStatistic")) or _text(trigger.get("Statistic")).capitalize()
    period, unit = _integer(trigger.get("Period")), _text(trigger.get("Unit"))
    queries = [_mapping(entry) for entry in _sequence(trigger.get("Metrics"))]
    band = _text(trigger.get("ThresholdMetricId"))
    anomaly = bool(band) or any("ANOMALY_DETECTION_BAND" in _text(query.get("Expression")) for query in queries)
    if queries:
        returned = [query for query in queries if query.get("ReturnData") is not False and query.get("Id") != band]
        chosen = (returned or queries)[0]
        stat = _mapping(chosen.get("MetricStat"))
        inner = _mapping(stat.get("Metric"))
        metric, namespace = _text(inner.get("MetricName")), _text(inner.get("Namespace"))
        statistic = _text(stat.get("Stat"))
        period = _integer(stat.get("Period")) or _integer(chosen.get("Period")) or period
        unit = _text(stat.get("Unit"))
        label = _text(chosen.get("Label")) or metric or _text(chosen.get("Expression"))
    values = _reason_values(reason)
    bound = _number(trigger.get("Threshold"))
    if anomaly:
        bound = _band(reason, values[0] if values else None)
    if not label:
        # A log alarm: what its query is added up to.
        label = _text(_mapping(trigger.get("ScheduledQueryConfiguration")).get("AggregationExpression"))
    breaching, evaluated = _counts(reason)
    missing = _NO_DATA.search(reason)
    return Measure(
        label=label,
        namespace=namespace,
        metric=metric,
        statistic=statistic,
        period=period,
        unit=unit if unit not in ("None", "null") else "",
        value=values[0] if values else None,
        threshold=bound,
        comparison=_text(trigger.get("ComparisonOperator")),
        breaching=breaching,
        evaluated=evaluated,
        missing=_integer(missing[1]) if missing else 0,
        treated_as=(missing[2] or "") if missing else "",
        anomaly=anomaly,
    )


def _reason_values(reason: str) -> list[float]:
    """The values that a reason names, the newest first."""
    brackets = _BRACKETS.search(reason)
    if not brackets or "datapoint" not in reason[: brackets.start()]:
        return []
    values = [_number(part.split("(")[0].strip()) for part in brackets[1].split(",")]
    return [value for value in values if value is not None]


def _band(reason: str, value: float | None) -> float | None:
    """The edge of an anomaly band that ``value`` is beyond."""
    upper, lower = (_edge(pattern, reason) for pattern in (_UPPER, _LOWER))
    if value is not None and upper is not None and value > upper:
        return upper
    if value is not None and lower is not None and value < lower:
        return lower
    return upper if lower is None else lower if upper is None else None


def _edge(pattern: re.Pattern[str], reason: str) -> float | None:
    found = pattern.search(reason)
    return _number(found[1].split(",")[0].strip()) if found else None


def _counts(reason: str) -> tuple[int, int]:
    found = _OUT_OF.search(reason)
    if found:
        return _integer(found[1]), _integer(found[2])
    found = _POINTS.search(reason)
    return (_integer(found[1]), _integer(found[1])) if found else (0, 0)


def _children(value: t.Any) -> t.Iterator[Child]:
    for entry in _sequence(value)[:100]:
        if isinstance(entry, str):
            yield Child(_alarm_of(entry), "")
            continue
        item = _mapping(entry)
        arn = _text(item.get("Arn") or item.get("arn"))
        state = _mapping(item.get("State") or item.get("state"))
        if arn:
            yield Child(_alarm_of(arn), _text(state.get("Value") or state.get("value")))


def _alarm_of(arn: str) -> str:
    return arn.partition(":alarm:")[2] or arn


def _logs(data: Object) -> tuple[tuple[str, ...], str, tuple[str, ...]]:
    """The log groups, the query and the log lines of a log alarm."""
    inner = _mapping(data.get("ScheduledQueryConfiguration") or data.get("scheduledQueryConfiguration"))
    groups: list[str] = []
    for key in ("LogGroups", "LogGroupIdentifiers", "LogGroupNames", "logGroups", "logGroupIdentifiers"):
        groups += [_log_group(_text(entry)) for entry in _sequence(data.get(key)) + _sequence(inner.get(key))]
    query = next(
        (_text(part.get(key)) for part in (data, inner) for key in ("QueryString", "queryString") if part.get(key)), ""
    )
    lines: list[str] = []
    for key, value in data.items():
        word = key.lower().replace("_", "")
        if "log" in word and any(part in word for part in ("line", "event", "record", "message")):
            lines += [_log_line(entry) for entry in _sequence(value)[:50]]
    return tuple(dict.fromkeys(filter(None, groups))), query, tuple(filter(None, lines))


def _log_group(value: str) -> str:
    """The name of a log group, which may be given as an ARN."""
    name = value.partition(":log-group:")[2] or value
    return name.removesuffix(":*")


def _log_line(entry: t.Any) -> str:
    if isinstance(entry, dict):
        for key in ("Message", "message", "@message"):
            if entry.get(key):
                return _text(entry[key])
        return json.dumps(entry, ensure_ascii=False)
    return _text(entry)


def _tags(value: t.Any, status: t.Any) -> dict[str, str] | None:
    """The alarm's tags; None where the message has none or only some of them."""
    if status not in (None, "SUCCESS"):
        return None
    if isinstance(value, dict):
        return {_text(name): _text(item) for name, item in value.items()}
    if isinstance(value, list):
        tags = {}
        for entry in value:
            item = _mapping(entry)
            name = item.get("Key") or item.get("key")
            if name:
                tags[_text(name)] = _text(item.get("Value") or item.get("value"))
        return tags
    return None


def _alarm_event(data: Object, context: _Context) -> Alert:
    """EventBridge's and Lambda's shape of the same: put into the shape of a topic's message, and read as that."""
    detail = _mapping(data["detail"])
    now, before = _mapping(detail.get("state")), _mapping(detail.get("previousState"))
    configuration = _mapping(detail.get("configuration"))
    resources = _sequence(data.get("resources"))
    name = _text(detail["alarmName"])
    trigger: dict[str, t.Any] = {}
    reason_data = _object(_text(now.get("reasonData"))) or {}
    metrics = [_mapping(entry) for entry in _sequence(configuration.get("metrics"))]
    if metrics:
        trigger["Metrics"] = [_metric_query(entry) for entry in metrics]
        trigger["Threshold"] = reason_data.get("threshold", configuration.get("threshold"))
        trigger["ThresholdMetricId"] = configuration.get("thresholdMetricId")
        trigger["ComparisonOperator"] = configuration.get("comparisonOperator")
    contributor = _mapping(detail.get("alarmContributor"))
    rebuilt = {
        "AlarmName": name,
        "AlarmArn": data.get("alarmArn") or (resources[0] if resources else ""),
        "AlarmDescription": configuration.get("description"),
        "AWSAccountId": data.get("account") or data.get("accountId"),
        "NewStateValue": now.get("value"),
        "NewStateReason": now.get("reason"),
        "OldStateValue": before.get("value"),
        "StateChangeTime": now.get("timestamp") or data.get("time"),
        "AlarmRule": configuration.get("alarmRule"),
        "TriggeringChildren": reason_data.get("triggeringAlarms"),
        "AlarmContributorId": contributor.get("id") or detail.get("alarmContributorId"),
        "AlarmContributorAttributes": contributor.get("attributes") or detail.get("alarmContributorAttributes"),
        "AlarmTags": detail.get("alarmTags", data.get("alarmTags")),
        "AlarmTagsStatus": detail.get("alarmTagsStatus", data.get("alarmTagsStatus")),
        "Trigger": trigger,
        **{key: value for key, value in detail.items() if "log" in key.lower()},
    }
    return _alarm(rebuilt, context)


def _metric_query(entry: Object) -> dict[str, t.Any]:
    stat = _mapping(entry.get("metricStat"))
    metric = _mapping(stat.get("metric"))
    made: dict[str, t.Any] = {
        "Id": entry.get("id"),
        "Expression": entry.get("expression"),
        "Label": entry.get("label"),
        "ReturnData": entry.get("returnData", True),
        "Period": entry.get("period"),
    }
    if stat:
        made["MetricStat"] = {
            "Metric": {
                "MetricName": metric.get("name"),
                "Namespace": metric.get("namespace"),
                "Dimensions": metric.get("dimensions"),
            },
            "Period": stat.get("period"),
            "Stat": stat.get("stat"),
            "Unit": stat.get("unit"),
        }
    return made


# -- other services of AWS


def _event(data: Object, context: _Context) -> Alert:
    """An event of EventBridge, of whatever service."""
    detail = _mapping(data["detail"])
    kind, source = _text(data["detail-type"]), _text(data.get("source"))
    resources = [_text(entry) for entry in _sequence(data.get("resources"))]
    resource = _text(detail.get("instance-id") or detail.get("SourceIdentifier")) or (resources or [""])[0]
    at = _time(data.get("time"), context.when, context.received)
    if _text(detail.get("startTime")) and source == "aws.health":
        at = _time(detail.get("startTime"), at, context.received)
    facts = [("Event", kind)]
    for label, keys in _EVENT_FACTS:
        value = next((_scalar(detail.get(key)) for key in keys if _scalar(detail.get(key))), "")
        if value:
            facts.append((label, value))
    reason = _event_reason(detail)
    return Alert(
        key=digest("event", source, _text(data.get("id")) or context.identity),
        source="event",
        title=_event_title(kind, detail),
        at=at,
        severity=context.severity,
        name=kind,
        account=_text(data.get("account")),
        region=_text(data.get("region")),
        resource=resource.rpartition("/")[2] if _ARN.match(resource) else resource,
        arn=resource if _ARN.match(resource) else "",
        reason=reason,
        facts=tuple(facts[:10]),
        text="" if reason or len(facts) > 1 else json.dumps(data["detail"], ensure_ascii=False)[:MAX_TEXT],
        tags=_tags(detail.get("Tags"), None) or {},
        extra={"service": source.removeprefix("aws.")},
    )


_EVENT_FACTS = (
    ("State", ("state", "status", "lastStatus")),
    ("Wanted", ("desiredStatus",)),
    ("Stopped because", ("stoppedReason", "stopCode")),
    ("Code", ("eventTypeCode", "EventID", "errorCode")),
    ("Category", ("eventTypeCategory",)),
    ("Action", ("instance-action", "EventName", "eventName")),
    ("Cluster", ("clusterArn",)),
    ("Group", ("group", "AutoScalingGroupName")),
)


def _event_title(kind: str, detail: Object) -> str:
    state = _scalar(detail.get("state") or detail.get("lastStatus") or detail.get("eventTypeCode"))
    return f"{kind}: {state}" if state else kind


def _event_reason(detail: Object) -> str:
    for entry in _sequence(detail.get("eventDescription")):
        text = _text(_mapping(entry).get("latestDescription"))
        if text:
            return text
    for key in ("Message", "message", "reason", "stoppedReason", "Cause", "StatusMessage", "errorMessage"):
        if _scalar(detail.get(key)):
            return _scalar(detail[key])
    return ""


def _database(data: Object, context: _Context) -> Alert:
    """An event that RDS itself publishes to a topic."""
    at = _time(data.get("Event Time"), context.when, context.received)
    source = _text(data.get("Source ID"))
    code = _text(data.get("Event ID")).rpartition("#")[2]
    arn = _text(data.get("Source ARN"))
    facts = [("Kind", _text(data["Event Source"]).replace("-", " "))]
    if code:
        facts.append(("Event", code))
    return Alert(
        key=digest("rds", arn or source, code, at.isoformat(), _text(data["Event Message"])),
        source="event",
        title=f"Database {source}" if source else "Database event",
        at=at,
        severity=context.severity,
        name=code or "RDS event",
        arn=arn,
        account=_arn_part(arn, 4),
        region=_arn_part(arn, 3),
        resource=source,
        reason=_text(data["Event Message"]),
        link=_text(data.get("Identifier Link")),
        facts=tuple(facts),
        tags=_tags(data.get("Tags"), None) or {},
        extra={"service": "rds"},
    )


# -- Uptime Kuma


def _uptime(data: Object, context: _Context) -> Alert:
    """A notification of Uptime Kuma: of a heartbeat, or of something else, such as a certificate."""
    monitor, beat = _mapping(data.get("monitor")), _mapping(data.get("heartbeat"))
    message = _text(data.get("msg"))
    tags = {
        _text(_mapping(tag).get("name")): _text(_mapping(tag).get("value")) for tag in _sequence(monitor.get("tags"))
    }
    name = _text(monitor.get("name"))
    drill = drill_in(message) or drill_in(name)
    if drill:
        return _drill({DRILL: drill, "path": "kuma"}, context, message)
    if not monitor or not beat:
        return Alert(
            key=digest("uptime", context.identity),
            source="event",
            title="Uptime Kuma",
            at=context.when,
            severity=context.severity,
            name=name or "Uptime Kuma",
            reason=message or "Uptime Kuma sent a notification without a message.",
            extra={"service": name},
            tags=tags,
        )
    at = _time(beat.get("time"), context.when, context.received)
    state = {0: ALARM, 1: OK}.get(_integer(beat.get("status"), -1), "")
    group = _text(monitor.get("pathName"))
    return Alert(
        key=digest("uptime", _text(monitor.get("id")), name, state, at.isoformat()),
        source="uptime",
        title=f"{name} {'is down' if state == ALARM else 'is up' if state == OK else 'reports'}",
        at=at,
        state=state,
        severity=_severity(tags.get("severity")) or context.severity,
        name=group or name,
        arn=f"uptime-kuma/{_text(monitor.get('id'))}/{group or name}",
        description=_text(monitor.get("description")),
        reason=_text(beat.get("msg")) or message,
        resource=_text(monitor.get("url") if _text(monitor.get("url")) not in ("https://", "http://") else "")
        or _text(monitor.get("hostname")),
        tags={**tags, "kind": "uptime", "service": tags.get("service") or name},
    )


# -- our own


def _escalation(data: Object, context: _Context) -> Alert:
    incident = _text(data["incident"])
    opened = _text(data.get("opened_at"))
    return Alert(
        key=digest("escalation", incident, opened),
        source="escalation",
        title=_text(data.get("title")) or incident,
        at=_time(data.get("at"), context.when, context.received),
        severity=_severity(data.get("severity")) or CRITICAL,
        name=_text(data.get("alarm")),
        arn=_text(data.get("alarm_arn")),
        incident=incident,
        opened_at=opened,
        extra={"minutes": _text(data.get("minutes"))},
    )


def _acknowledged(data: Object, context: _Context) -> Alert:
    incident = _text(data["incident"])
    opened = _text(data.get("opened_at"))
    return Alert(
        key=digest("acknowledged", incident, opened),
        source="acknowledged",
        title=_text(data.get("title")) or incident,
        at=_time(data.get("at"), context.when, context.received),
        severity=_severity(data.get("severity")) or INFO,
        incident=incident,
        opened_at=opened,
        by=_text(data.get("by")),
    )


def _drill(data: Object, context: _Context, text: str) -> Alert:
    identity = _text(data[DRILL])
    path = _text(data.get("path")) or context.topic or "unknown"
    return Alert(
        # A drill that is sent again is another drill.
        key=digest("drill", identity, path, context.identity),
        source="drill",
        title=f"Drill {identity}",
        at=_time(data.get("at"), context.when, context.received),
        severity=_severity(data.get("severity")) or context.severity or INFO,
        name=identity,
        path=path,
        reason=_text(data.get("message")) if len(data) > 1 else "",
        text=text[:MAX_TEXT],
        extra={"channels": _text(data.get("channels"))},
    )


_OURS: dict[str, t.Callable[[Object, _Context], Alert]] = {
    ESCALATION: _escalation,
    ACKNOWLEDGED: _acknowledged,
    UPTIME: _uptime,
}


def _raw(text: str, context: _Context) -> Alert:
    return Alert(
        key=digest("raw", context.identity),
        source="raw",
        title=context.subject or "A message that is no known alarm",
        at=context.when,
        severity=context.severity,
        text=text[:MAX_TEXT] + (f"… {len(text) - MAX_TEXT:,} more characters" if len(text) > MAX_TEXT else ""),
    )


# -- values of any type as the type that is needed


def _object(text: str) -> dict[str, t.Any] | None:
    """The JSON object in ``text``, None where it is anything else."""
    if not text.lstrip().startswith("{"):
        return None
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None


def _text(value: t.Any) -> str:
    if value is None or isinstance(value, bool):
        return ""
    if isinstance(value, (dict, list)):
        value = json.dumps(value, ensure_ascii=False)
    return _valid(str(value))


def _valid(text: str) -> str:
    """``text`` without lone surrogates, which JSON may hold and UTF-8 may not."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _scalar(value: t.Any) -> str:
    return _text(value) if isinstance(value, (str, int, float)) else ""


def _mapping(value: t.Any) -> Object:
    return value if isinstance(value, dict) else {}


def _sequence(value: t.Any) -> list[t.Any]:
    return value if isinstance(value, list) else []


def _number(value: t.Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        return None
    number = float(value)
    return number if -1e300 < number < 1e300 else None


def _integer(value: t.Any, default: int = 0) -> int:
    number = _number(value)
    return int(number) if number is not None else default


def _severity(value: t.Any) -> str:
    word = _text(value).strip().lower()
    return word if word in SEVERITIES else ""


def _arn_part(arn: str, index: int) -> str:
    parts = arn.split(":")
    return parts[index] if len(parts) > 5 and parts[0] == "arn" else ""


def _time(value: t.Any, default: datetime, received: datetime) -> datetime:
    """``value`` as a moment; ``default`` where it is none, or so far away that it cannot be meant."""
    try:
        moment = datetime.fromisoformat(_text(value).strip())
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        # To the millisecond, as CloudWatch says it and the table keeps it.
        moment = moment.astimezone(UTC)
        moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
        near = abs(moment - received) < _FAR
    except (ValueError, OverflowError):
        return default
    return moment if near else default
