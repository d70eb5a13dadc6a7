# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CloudWatch's operations over the store: input and output as plain data, named as the API names them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from lab.aws.cloudwatch import alarms, mute, queries, validate
from lab.aws.cloudwatch.expressions import Line, Unreadable
from lab.aws.cloudwatch.series import Point, calculate, dimensions, known
from lab.aws.cloudwatch.store import Alarm, Scope, Store
from lab.aws.protocols import ApiError

PAGE = 100
DASHBOARD_PAGE = 1000
METRICS_PAGE = 500

KINDS = {"MetricAlarm": "metric", "CompositeAlarm": "composite", "LogAlarm": "log"}
LISTS = {"MetricAlarm": "MetricAlarms", "CompositeAlarm": "CompositeAlarms", "LogAlarm": "LogAlarms"}
ACTIONS = ("OKActions", "AlarmActions", "InsufficientDataActions")


class CloudWatch:
    """The service. ``now`` is the clock; what alarms do is done by ``alarms.Engine``."""

    def __init__(self, store: Store, now: Callable[[], float], engine: alarms.Engine) -> None:
        self.store, self.now, self.engine = store, now, engine

    def call(self, operation: str, scope: Scope, given: dict[str, Any]) -> dict[str, Any] | None:
        """Do an operation. One that the stand-in lacks is an error that says so."""
        act = OPERATIONS.get(operation)
        if act is None:
            raise ApiError("InvalidAction", f"The lab's stand-in for AWS does not have {operation}.")
        return act(self, scope, given)

    # -- alarms

    def put_metric_alarm(self, scope: Scope, given: dict[str, Any]) -> None:
        validate.metric_alarm(given)
        self.put_alarm("metric", scope, given)
        self.detectors_of(scope, given)

    def put_composite_alarm(self, scope: Scope, given: dict[str, Any]) -> None:
        validate.composite_alarm(given, scope.alarms, scope.parents)
        self.put_alarm("composite", scope, given)

    def put_log_alarm(self, scope: Scope, given: dict[str, Any]) -> None:
        validate.log_alarm(given)
        self.put_alarm("log", scope, given)

    def put_alarm(self, kind: str, scope: Scope, given: dict[str, Any]) -> None:
        """Store what was put. An update keeps state and tags."""
        now = self.now()
        put = {name: value for name, value in given.items() if name != "Tags"}
        name = put["AlarmName"]
        before = scope.alarms.get(name)
        if before is not None and before.kind != kind:
            raise ApiError("ValidationError", f"An alarm of another type with the name {name} exists already.")
        arn = scope.arn(f"alarm:{name}")
        if before is None:
            alarm = Alarm(kind, arn, put, now, now, now, now)
            alarm.warm = "WarmUpConfiguration" not in put
            scope.alarms[name] = alarm
            scope.sorted_names = None
            scope.tags[arn] = {tag["Key"]: tag["Value"] for tag in given.get("Tags", [])}
            alarms.record(
                scope,
                alarm,
                now,
                "ConfigurationUpdate",
                f'Alarm "{name}" created',
                {"version": "1.0", "type": "Create"},
            )
        else:
            alarm = before
            self.engine.forget(scope, alarm)
            alarm.put, alarm.configured = put, now
            alarms.record(
                scope,
                alarm,
                now,
                "ConfigurationUpdate",
                f'Alarm "{name}" updated',
                {"version": "1.0", "type": "Update"},
            )
        self.engine.learn(scope, alarm)

    def detectors_of(self, scope: Scope, put: dict[str, Any]) -> None:
        """A band over one metric makes its detector, as AWS does."""
        by_id = {query["Id"]: query for query in put.get("Metrics", [])}
        for query in by_id.values():
            for id in alarms.banded(query.get("Expression", "")):
                stat = by_id.get(id, {}).get("MetricStat")
                if stat:
                    single = {
                        "Namespace": stat["Metric"].get("Namespace"),
                        "MetricName": stat["Metric"].get("MetricName"),
                        "Dimensions": stat["Metric"].get("Dimensions", []),
                        "Stat": stat["Stat"],
                    }
                    if self.find_detector(scope, single) is None:
                        self.add_detector(scope, {"SingleMetricAnomalyDetector": single})

    def delete_alarms(self, scope: Scope, given: dict[str, Any]) -> None:
        names = given["AlarmNames"]
        missing = [name for name in names if name not in scope.alarms]
        if missing and len(names) == len(missing):
            raise ApiError("ResourceNotFound", None, 404)
        going = [name for name in names if name in scope.alarms]
        composites = [name for name in going if scope.alarms[name].kind == "composite"]
        if len(composites) > 1:
            raise ApiError("ValidationError", "DeleteAlarms can delete no more than one composite alarm at a time.")
        for name in going:
            depending = sorted(scope.parents.get(name, set()) - {name})
            if depending:
                raise ApiError(
                    "ValidationError",
                    f"Cannot delete {name} as there are composite alarm(s) depending on it: {', '.join(depending)}.",
                )
        for name in going:
            alarm = scope.alarms.pop(name)
            scope.sorted_names = None
            self.engine.forget(scope, alarm)
            scope.tags.pop(alarm.arn, None)
            alarms.record(
                scope,
                alarm,
                self.now(),
                "ConfigurationUpdate",
                f'Alarm "{name}" deleted',
                {"version": "1.0", "type": "Delete"},
            )

    def describe_alarms(self, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
        kinds = given.get("AlarmTypes") or ["MetricAlarm"]
        if "AlarmNames" in given and "AlarmNamePrefix" in given:
            raise ApiError("ValidationError", "AlarmNames and AlarmNamePrefix cannot both be specified.")
        related = [name for name in ("ChildrenOfAlarmName", "ParentsOfAlarmName") if name in given]
        if (related and set(given) - {"MaxRecords", "NextToken", *related}) or len(related) > 1:
            raise ApiError("ValidationError", f"{related[0]} can only be combined with MaxRecords and NextToken.")
        if related:
            return self.relatives(scope, given, related[0])
        if "AlarmNames" in given:
            names = [name for name in sorted(set(given["AlarmNames"])) if name in scope.alarms]
        else:
            prefix = given.get("AlarmNamePrefix", "")
            names = [name for name in scope.names() if name.startswith(prefix)] if prefix else scope.names()
        wanted = {KINDS[kind] for kind in kinds}
        state, action = given.get("StateValue"), given.get("ActionPrefix")
        everything = len(wanted) == 3 and not state and not action
        found = names
        if not everything:
            found = [
                name
                for name in names
                if (alarm := scope.alarms[name]).kind in wanted
                and (not state or alarm.state == state)
                and (not action or any(arn.startswith(action) for list in ACTIONS for arn in alarm.put.get(list, [])))
            ]
        page, token = paged(found, given, "MaxRecords", PAGE)
        shown: dict[str, Any] = {LISTS[kind]: [] for kind in LISTS}
        for name in page:
            alarm = scope.alarms[name]
            shown[{"metric": "MetricAlarms", "composite": "CompositeAlarms", "log": "LogAlarms"}[alarm.kind]].append(
                described(alarm)
            )
        return {**shown, "NextToken": token}

    def relatives(self, scope: Scope, given: dict[str, Any], which: str) -> dict[str, Any]:
        """Children or parents: names, ARNs and states only, as AWS answers."""
        name = given[which]
        alarm = scope.alarms.get(name)
        if alarm is None:
            raise ApiError("ValidationError", f"{which} {name} does not exist.")
        if which == "ParentsOfAlarmName":
            names = sorted(
                parent for parent in scope.parents.get(name, ()) if name in alarms.children_of(scope.alarms[parent])
            )
        else:
            names = sorted(alarms.children_of(alarm))
        page, token = paged(names, given, "MaxRecords", PAGE)
        shown: dict[str, Any] = {"MetricAlarms": [], "CompositeAlarms": [], "LogAlarms": []}
        for item in page:
            other = scope.alarms.get(item)
            if other is not None:
                full = described(other)
                kept = ("AlarmName", "AlarmArn", "StateValue", "StateUpdatedTimestamp", "ActionsSuppressedBy")
                slot = {"metric": "MetricAlarms", "composite": "CompositeAlarms", "log": "LogAlarms"}[other.kind]
                shown[slot].append({key: full[key] for key in kept if key in full})
        return {**shown, "NextToken": token}

    def describe_alarms_for_metric(self, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
        wanted = dimensions(given.get("Dimensions"))
        found = []
        for name in scope.names():
            put = scope.alarms[name].put
            if scope.alarms[name].kind != "metric" or put.get("Metrics"):
                continue
            same = put.get("Namespace") == given["Namespace"] and put.get("MetricName") == given["MetricName"]
            narrow = all(
                put.get(key) == given[key]
                for key in ("Statistic", "ExtendedStatistic", "Period", "Unit")
                if key in given
            )
            if same and narrow and dimensions(put.get("Dimensions")) == wanted:
                found.append(described(scope.alarms[name]))
        return {"MetricAlarms": found}

    def set_alarm_state(self, scope: Scope, given: dict[str, Any]) -> None:
        alarm = scope.alarms.get(given["AlarmName"])
        if alarm is None:
            raise ApiError("ResourceNotFound", None, 404)
        data: Any = None
        if given.get("StateReasonData"):
            try:
                data = json.loads(given["StateReasonData"])
            except ValueError:
                raise ApiError("InvalidFormat", "TheStateReasonData was not valid JSON") from None
        self.engine.set_state(scope, alarm, given["StateValue"], given["StateReason"], data)

    def enable_alarm_actions(self, scope: Scope, given: dict[str, Any]) -> None:
        self.switch(scope, given, True)

    def disable_alarm_actions(self, scope: Scope, given: dict[str, Any]) -> None:
        self.switch(scope, given, False)

    def switch(self, scope: Scope, given: dict[str, Any], on: bool) -> None:
        for name in given["AlarmNames"]:
            if name in scope.alarms:
                scope.alarms[name].put["ActionsEnabled"] = on
                scope.alarms[name].configured = self.now()

    def describe_alarm_history(self, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
        kinds = set(given.get("AlarmTypes") or (["MetricAlarm"] if "AlarmName" not in given else list(KINDS)))
        found = [
            item
            for item in scope.history
            if (item["AlarmName"] == given.get("AlarmName", item["AlarmName"]))
            and item["AlarmType"] in kinds
            and item["HistoryItemType"] == given.get("HistoryItemType", item["HistoryItemType"])
            and given.get("StartDate", 0) <= item["Timestamp"] <= given.get("EndDate", float("inf"))
            and item.get("AlarmContributorId") == given.get("AlarmContributorId", item.get("AlarmContributorId"))
        ]
        if given.get("ScanBy") != "TimestampAscending":
            found.reverse()
        page, token = paged(found, given, "MaxRecords", PAGE)
        return {"AlarmHistoryItems": page, "NextToken": token}

    def describe_alarm_contributors(self, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
        alarm = scope.alarms.get(given["AlarmName"])
        if alarm is None:
            raise ApiError("ResourceNotFoundException", f"Alarm {given['AlarmName']} does not exist.", 404)
        found = [
            {
                "ContributorId": id,
                "ContributorAttributes": item["attributes"],
                "StateReason": item["reason"],
                "StateTransitionedTimestamp": item["since"],
            }
            for id, item in sorted(alarm.contributors.items())
        ]
        page, token = paged(found, given, "MaxRecords", PAGE)
        return {"AlarmContributors": page, "NextToken": token}

    # -- tags

    def taggable(self, scope: Scope, arn: str) -> bool:
        kind, _colon, name = arn.removeprefix(scope.arn("")).partition(":")
        if not arn.startswith(scope.arn("")):
            return (
                arn.removeprefix(dashboard_arn(scope, "")) in scope.dashboards
                if arn.startswith(dashboard_arn(scope, ""))
                else False
            )
        return name in (scope.alarms if kind == "alarm" else scope.mutes if kind == "alarm-mute-rule" else ())

    def tag_resource(self, scope: Scope, given: dict[str, Any]) -> None:
        arn = given["ResourceARN"]
        self.demand(scope, arn)
        tags = scope.tags.setdefault(arn, {})
        merged = {**tags, **{tag["Key"]: tag["Value"] for tag in given["Tags"]}}
        if len(merged) > 50:
            raise ApiError("InvalidParameterValue", "A resource can have at most 50 tags.")
        tags.update(merged)

    def untag_resource(self, scope: Scope, given: dict[str, Any]) -> None:
        self.demand(scope, given["ResourceARN"])
        for key in given["TagKeys"]:
            scope.tags.get(given["ResourceARN"], {}).pop(key, None)

    def demand(self, scope: Scope, arn: str) -> None:
        if not self.taggable(scope, arn):
            raise ApiError("ResourceNotFoundException", f"Resource {arn} does not exist.", 404)

    def list_tags_for_resource(self, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
        # For an alarm that is gone AWS answers with no tags, not with an error.
        tags = scope.tags.get(given["ResourceARN"], {})
        return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}

    # -- mute rules

    def put_alarm_mute_rule(self, scope: Scope, given: dict[str, Any]) -> None:
        validate.mute_rule(given)
        name = given["Name"]
        arn = scope.arn(f"alarm-mute-rule:{name}")
        if name not in scope.mutes:
            scope.tags[arn] = {tag["Key"]: tag["Value"] for tag in given.get("Tags", [])}
        put = {key: value for key, value in given.items() if key != "Tags"}
        scope.mutes[name] = {**put, "LastUpdatedTimestamp": self.now()}

    def shown_mute(self, scope: Scope, name: str) -> dict[str, Any]:
        rule, now = scope.mutes[name], self.now()
        status = "EXPIRED" if mute.expired(rule, now) else "ACTIVE" if mute.active(rule, now) else "SCHEDULED"
        return {
            **rule,
            "AlarmMuteRuleArn": scope.arn(f"alarm-mute-rule:{name}"),
            "Status": status,
        }

    def get_alarm_mute_rule(self, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
        name = given["AlarmMuteRuleName"]
        if name not in scope.mutes:
            raise ApiError("ResourceNotFoundException", f"Alarm mute rule {name} does not exist.", 404)
        return self.shown_mute(scope, name)

    def list_alarm_mute_rules(self, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
        if "AlarmName" in given and given["AlarmName"] not in scope.alarms:
            raise ApiError("ResourceNotFoundException", f"Alarm {given['AlarmName']} does not exist.", 404)
        found = []
        for name in sorted(scope.mutes):
            shown = self.shown_mute(scope, name)
            targets = shown.get("MuteTargets", {}).get("AlarmNames")
            if "AlarmName" in given and targets is not None and given["AlarmName"] not in targets:
                continue
            if given.get("Statuses") and shown["Status"] not in given["Statuses"]:
                continue
            kept = ("AlarmMuteRuleArn", "ExpireDate", "Status", "LastUpdatedTimestamp")
            found.append({key: shown[key] for key in kept if key in shown})
        page, token = paged(found, given, "MaxRecords", PAGE)
        return {"AlarmMuteRuleSummaries": page, "NextToken": token}

    def delete_alarm_mute_rule(self, scope: Scope, given: dict[str, Any]) -> None:
        name = given["AlarmMuteRuleName"]
        if scope.mutes.pop(name, None) is not None:
            scope.tags.pop(scope.arn(f"alarm-mute-rule:{name}"), None)

    # -- anomaly detectors

    def single(self, given: dict[str, Any]) -> dict[str, Any]:
        """A detector's identity, from either way of giving it."""
        if "MetricMathAnomalyDetector" in given:
            return {"MetricMathAnomalyDetector": given["MetricMathAnomalyDetector"]}
        single = given.get("SingleMetricAnomalyDetector") or given
        for name in ("Namespace", "MetricName", "Stat"):
            if name not in single:
                raise ApiError("MissingParameter", f"The parameter {name} is required.")
        return {name: single.get(name, []) for name in ("Namespace", "MetricName", "Dimensions", "Stat")}

    def find_detector(self, scope: Scope, identity: dict[str, Any]) -> dict[str, Any] | None:
        def same(have: dict[str, Any]) -> bool:
            if "MetricMathAnomalyDetector" in identity or "MetricMathAnomalyDetector" in have:
                return have.get("MetricMathAnomalyDetector") == identity.get("MetricMathAnomalyDetector")
            return all(have[name] == identity[name] for name in ("Namespace", "MetricName", "Stat")) and dimensions(
                have["Dimensions"]
            ) == dimensions(identity["Dimensions"])

        return next((have for have in scope.detectors if same(have["identity"])), None)

    def add_detector(self, scope: Scope, given: dict[str, Any]) -> None:
        identity = self.single(given)
        found = self.find_detector(scope, identity)
        if found is None:
            found = {"identity": identity, "created": self.now()}
            scope.detectors.append(found)
        found["configuration"] = given.get("Configuration", found.get("configuration", {}))
        if "MetricCharacteristics" in given:
            found["characteristics"] = given["MetricCharacteristics"]

    def put_anomaly_detector(self, scope: Scope, given: dict[str, Any]) -> None:
        if "SingleMetricAnomalyDetector" in given and {"Namespace", "MetricName", "Stat"} & set(given):
            raise ApiError(
                "InvalidParameterCombination",
                "SingleMetricAnomalyDetector cannot be combined with Namespace, MetricName or Stat.",
            )
        self.add_detector(scope, given)

    def describe_anomaly_detectors(self, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
        kinds = given.get("AnomalyDetectorTypes") or ["SINGLE_METRIC"]
        found = []
        for detector in scope.detectors:
            identity = detector["identity"]
            shown: dict[str, Any] = {"Configuration": {"ExcludedTimeRanges": [], **detector["configuration"]}}
            if "characteristics" in detector:
                shown["MetricCharacteristics"] = detector["characteristics"]
            if "MetricMathAnomalyDetector" in identity:
                if "METRIC_MATH" not in kinds or {"Namespace", "MetricName", "Dimensions"} & set(given):
                    continue
                shown |= {**identity, "StateValue": "PENDING_TRAINING"}
            else:
                if "SINGLE_METRIC" not in kinds:
                    continue
                if any(identity[name] != given[name] for name in ("Namespace", "MetricName") if name in given):
                    continue
                if "Dimensions" in given and dimensions(given["Dimensions"]) != dimensions(identity["Dimensions"]):
                    continue
                key = identity["Namespace"], identity["MetricName"], dimensions(identity["Dimensions"])
                trained = len(scope.metrics.points.get(key, ())) >= alarms.TRAINED
                shown |= {
                    **identity,
                    "SingleMetricAnomalyDetector": {"AccountId": scope.account, **identity},
                    "StateValue": "TRAINED" if trained else "PENDING_TRAINING",
                }
            found.append(shown)
        page, token = paged(found, given, "MaxResults", PAGE)
        return {"AnomalyDetectors": page, "NextToken": token}

    def delete_anomaly_detector(self, scope: Scope, given: dict[str, Any]) -> None:
        found = self.find_detector(scope, self.single(given))
        if found is None:
            raise ApiError("ResourceNotFoundException", "The anomaly detector does not exist.", 404)
        scope.detectors.remove(found)

    # -- dashboards

    def put_dashboard(self, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
        for name in ("DashboardName", "DashboardBody"):
            if name not in given:
                raise ApiError("MissingParameter", f"The parameter {name} is required.")
        name, body = given["DashboardName"], given["DashboardBody"]
        warnings = validate.dashboard(name, body)
        scope.dashboards[name] = {"body": body, "modified": self.now()}
        for tag in given.get("Tags", []):
            scope.tags.setdefault(dashboard_arn(scope, name), {})[tag["Key"]] = tag["Value"]
        return {"DashboardValidationMessages": warnings}

    def get_dashboard(self, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
        name = given.get("DashboardName", "")
        if name not in scope.dashboards:
            raise no_dashboard(name)
        return {
            "DashboardArn": dashboard_arn(scope, name),
            "DashboardBody": scope.dashboards[name]["body"],
            "DashboardName": name,
        }

    def list_dashboards(self, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
        names = [name for name in sorted(scope.dashboards) if name.startswith(given.get("DashboardNamePrefix", ""))]
        page, token = paged(names, given, "", DASHBOARD_PAGE)
        entries = [
            {
                "DashboardName": name,
                "DashboardArn": dashboard_arn(scope, name),
                "LastModified": scope.dashboards[name]["modified"],
                "Size": len(scope.dashboards[name]["body"].encode()),
            }
            for name in page
        ]
        return {"DashboardEntries": entries, "NextToken": token}

    def delete_dashboards(self, scope: Scope, given: dict[str, Any]) -> None:
        names = given.get("DashboardNames", [])
        for name in names:
            if name not in scope.dashboards:
                raise no_dashboard(name)
        for name in names:
            scope.dashboards.pop(name, None)
            scope.tags.pop(dashboard_arn(scope, name), None)

    # -- metrics

    def put_metric_data(self, scope: Scope, given: dict[str, Any]) -> None:
        now = self.now()
        entries = list(given.get("MetricData", []))
        for entity in given.get("EntityMetricData", []):
            entries += entity.get("MetricData", [])
        validate.metric_data(entries, now)
        touched = set()
        for entry in entries:
            key = given["Namespace"], entry["MetricName"], dimensions(entry.get("Dimensions"))
            scope.metrics.put(key, point_of(entry, now))
            touched.add(key[:2])
        self.engine.touched(scope, touched)

    def list_metrics(self, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
        wanted = given.get("Dimensions", [])

        def fits(key: Any) -> bool:
            have = dict(key[2])
            return (
                key[0] == given.get("Namespace", key[0])
                and key[1] == given.get("MetricName", key[1])
                and all(
                    item["Name"] in have and have[item["Name"]] == item.get("Value", have[item["Name"]])
                    for item in wanted
                )
            )

        found = sorted(key for key in scope.metrics.points if fits(key))
        page, token = paged(found, given, "", METRICS_PAGE)
        metrics = [
            {
                "Namespace": namespace,
                "MetricName": name,
                "Dimensions": [{"Name": first, "Value": second} for first, second in pairs],
            }
            for namespace, name, pairs in page
        ]
        return {"Metrics": metrics, "NextToken": token}

    def get_metric_statistics(self, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
        start, end, period = given["StartTime"], given["EndTime"], given["Period"]
        if start >= end:
            raise ApiError("InvalidParameterValue", "The parameter StartTime must be less than the parameter EndTime.")
        count = int((end - start) / period)
        if count > 1440:
            raise ApiError(
                "InvalidParameterCombination",
                f"You have requested up to {count} datapoints, which exceeds the limit of 1440. You may reduce the "
                "datapoints requested by increasing Period, or decreasing the time range.",
            )
        statistics = [*given.get("Statistics", []), *given.get("ExtendedStatistics", [])]
        if not statistics:
            raise ApiError("MissingParameter", "The parameter Statistics or ExtendedStatistics is required.")
        key = given["Namespace"], given["MetricName"], dimensions(given.get("Dimensions"))
        groups: dict[tuple[int, str], list[Point]] = {}
        for point in scope.metrics.between(key, start, end, given.get("Unit")):
            groups.setdefault((int((point.time - start) // period), point.unit), []).append(point)
        found = []
        for (number, unit), points in groups.items():
            entry: dict[str, Any] = {"Timestamp": start + number * period, "Unit": unit}
            for statistic in given.get("Statistics", []):
                entry[statistic] = calculate(points, statistic)
            extended = {name: calculate(points, name) for name in given.get("ExtendedStatistics", [])}
            if extended:
                entry["ExtendedStatistics"] = {name: value for name, value in extended.items() if value is not None}
            found.append(entry)
        return {"Label": given["MetricName"], "Datapoints": found}

    def get_metric_data(self, scope: Scope, given: dict[str, Any]) -> dict[str, Any]:
        asked, start, end = given["MetricDataQueries"], given["StartTime"], given["EndTime"]
        if start >= end:
            raise ApiError("ValidationError", "The parameter StartTime must be less than the parameter EndTime.")
        if len(asked) > 500:
            raise ApiError("ValidationError", "The collection MetricDataQueries must not have a size greater than 500.")
        for query in asked:
            stat = query.get("MetricStat", {}).get("Stat")
            if stat is not None and not known(stat):
                raise ApiError(
                    "ValidationError", f"The value {stat} for parameter MetricDataQueries.member.Stat is not valid."
                )
        try:
            values = queries.run(asked, scope.metrics, start, end)
        except Unreadable as exc:
            raise ApiError("ValidationError", f"Error in expression: {exc}") from None
        results = []
        descending = given.get("ScanBy", "TimestampDescending") == "TimestampDescending"
        for query in asked:
            if not query.get("ReturnData", True):
                continue
            value = values[query["Id"]]
            lines = (
                value if isinstance(value, list) else [value if isinstance(value, Line) else scalar_line(value, start)]
            )
            for line in lines:
                results += shown_lines(query, line, descending, asked)
        return {"MetricDataResults": results, "Messages": []}


OPERATIONS: dict[str, Callable[[CloudWatch, Scope, dict[str, Any]], dict[str, Any] | None]] = {
    "PutMetricAlarm": CloudWatch.put_metric_alarm,
    "PutCompositeAlarm": CloudWatch.put_composite_alarm,
    "PutLogAlarm": CloudWatch.put_log_alarm,
    "DeleteAlarms": CloudWatch.delete_alarms,
    "DescribeAlarms": CloudWatch.describe_alarms,
    "DescribeAlarmsForMetric": CloudWatch.describe_alarms_for_metric,
    "DescribeAlarmHistory": CloudWatch.describe_alarm_history,
    "DescribeAlarmContributors": CloudWatch.describe_alarm_contributors,
    "SetAlarmState": CloudWatch.set_alarm_state,
    "EnableAlarmActions": CloudWatch.enable_alarm_actions,
    "DisableAlarmActions": CloudWatch.disable_alarm_actions,
    "TagResource": CloudWatch.tag_resource,
    "UntagResource": CloudWatch.untag_resource,
    "ListTagsForResource": CloudWatch.list_tags_for_resource,
    "PutAlarmMuteRule": CloudWatch.put_alarm_mute_rule,
    "GetAlarmMuteRule": CloudWatch.get_alarm_mute_rule,
    "ListAlarmMuteRules": CloudWatch.list_alarm_mute_rules,
    "DeleteAlarmMuteRule": CloudWatch.delete_alarm_mute_rule,
    "PutAnomalyDetector": CloudWatch.put_anomaly_detector,
    "DescribeAnomalyDetectors": CloudWatch.describe_anomaly_detectors,
    "DeleteAnomalyDetector": CloudWatch.delete_anomaly_detector,
    "PutDashboard": CloudWatch.put_dashboard,
    "GetDashboard": CloudWatch.get_dashboard,
    "ListDashboards": CloudWatch.list_dashboards,
    "DeleteDashboards": CloudWatch.delete_dashboards,
    "PutMetricData": CloudWatch.put_metric_data,
    "ListMetrics": CloudWatch.list_metrics,
    "GetMetricStatistics": CloudWatch.get_metric_statistics,
    "GetMetricData": CloudWatch.get_metric_data,
}


def paged(found: list[Any], given: dict[str, Any], limit: str, most: int) -> tuple[list[Any], str | None]:
    """A page and the token of the next. Tokens are numbers in the disguise that keeps clients from counting on it."""
    token = given.get("NextToken")
    begin = 0
    if token:
        kind, _dash, number = token.partition("-")
        if kind != "page" or not number.isdigit():
            raise ApiError("InvalidNextToken", "The next token specified is invalid.")
        begin = int(number)
    end = begin + min(given.get(limit, most), most)
    return found[begin:end], f"page-{end}" if end < len(found) else None


def described(alarm: Alarm) -> dict[str, Any]:
    """An alarm as DescribeAlarms shows it: what was put, and no more than that but for the lists and the state."""
    shown = {
        **alarm.put,
        "AlarmArn": alarm.arn,
        "AlarmConfigurationUpdatedTimestamp": alarm.configured,
        "ActionsEnabled": alarm.put.get("ActionsEnabled", True),
        "StateValue": alarm.state,
        "StateReason": alarm.reason,
        "StateUpdatedTimestamp": alarm.updated,
        "StateTransitionedTimestamp": alarm.transitioned,
    }
    for name in ACTIONS:
        shown.setdefault(name, [])
    if alarm.kind == "metric":
        shown.setdefault("Dimensions", [])
    if alarm.kind == "log":
        # The query that runs for it, which CloudWatch makes and deletes with the alarm.
        query = alarm.arn.replace(":cloudwatch:", ":logs:").partition(":alarm:")[0]
        id = hashlib.sha256(alarm.arn.encode()).hexdigest()[:32]
        shown["ScheduledQueryConfiguration"] = {
            **alarm.put["ScheduledQueryConfiguration"],
            "QueryARN": f"{query}:scheduled-query:{id}",
        }
    if alarm.data is not None:
        shown["StateReasonData"] = alarm.data if isinstance(alarm.data, str) else json.dumps(alarm.data)
    if alarm.kind == "composite" and alarm.held_by in ("Alarm", "WaitPeriod", "ExtensionPeriod"):
        shown["ActionsSuppressedBy"] = alarm.held_by
        shown["ActionsSuppressedReason"] = f"Actions suppressed by {alarm.held_by}"
    return shown


def dashboard_arn(scope: Scope, name: str) -> str:
    return f"arn:{scope.partition}:cloudwatch::{scope.account}:dashboard/{name}"


def no_dashboard(name: str) -> ApiError:
    return ApiError("ResourceNotFound", f"Dashboard {name} does not exist", 404, "DashboardNotFoundError")


def point_of(entry: dict[str, Any], now: float) -> Point:
    """A MetricDatum as a point."""
    moment, unit = entry.get("Timestamp", now), entry.get("Unit", "None")
    if "StatisticValues" in entry:
        held = entry["StatisticValues"]
        return Point(moment, unit, held["SampleCount"], held["Sum"], held["Minimum"], held["Maximum"], None)
    values = entry["Values"] if "Values" in entry else [entry["Value"]]
    counts = entry.get("Counts") or [1.0] * len(values)
    pairs = tuple((float(value), float(count)) for value, count in zip(values, counts, strict=True))
    return Point(
        moment,
        unit,
        sum(count for _value, count in pairs),
        sum(value * count for value, count in pairs),
        min(values),
        max(values),
        pairs,
    )


def scalar_line(value: float | None, start: float) -> Line:
    return Line({} if value is None else {int(start): float(value)})


def shown_lines(
    query: dict[str, Any], line: Line, descending: bool, asked: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """The results of one line: an anomaly band makes two of them."""
    found = []
    edges = [("", line.values)] if line.upper is None else [(" Upper", line.upper), (" Lower", line.values)]
    for suffix, values in edges:
        times = sorted(values, reverse=descending)
        label = query.get("Label") or ""
        if not label and "MetricStat" in query:
            label = query["MetricStat"]["Metric"]["MetricName"]
            same = [
                other
                for other in asked
                if "MetricStat" in other and other["MetricStat"]["Metric"] == query["MetricStat"]["Metric"]
            ]
            if len(same) > 1:
                if len({other["MetricStat"]["Stat"] for other in same}) > 1:
                    label += f" {query['MetricStat']['Stat']}"
                if len({other["MetricStat"]["Period"] for other in same}) > 1:
                    label += f" {query['MetricStat']['Period']}"
        label = label or line.label or query["Id"]
        if line.attributes and query.get("Label"):
            label = f"{query['Label']} {line.label}"
        found.append(
            {
                "Id": query["Id"],
                "Label": label + suffix,
                "Timestamps": [float(time) for time in times],
                "Values": [values[time] for time in times],
                "StatusCode": "Complete",
            }
        )
    return found
