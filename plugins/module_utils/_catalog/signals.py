# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of alarm: what is measured, from when on it is a warning or critical, and what it means. Pure.

One table for the alarms, the dashboards, the catalogue's checks, the runbooks and their tests.
"""

from __future__ import annotations

from dataclasses import dataclass

from . import agent

SEVERITIES = ("warning", "critical")

#: How a value is compared with a threshold, by what the catalogue calls the direction.
ABOVE = "GreaterThanThreshold"
AT_LEAST = "GreaterThanOrEqualToThreshold"
BELOW = "LessThanThreshold"
OUTSIDE = "GreaterThanUpperThreshold"

MISSING = ("breaching", "notBreaching", "ignore", "missing")


@dataclass(frozen=True)
class Metric:
    """A metric of which a signal is made.

    :param id: what the expression calls it.
    :param name: name of the metric.
    :param stat: statistic, such as ``Average`` or ``p90``.
    :param dimensions: names of its dimensions, where they differ from the signal's.
    """

    id: str
    name: str
    stat: str
    dimensions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Level:
    """From when on it is told.

    :param threshold: in the signal's unit; of an anomaly band, standard deviations.
    :param evaluation_periods: N periods are looked at …
    :param datapoints: … and M of them must be beyond the threshold.
    """

    threshold: float
    evaluation_periods: int
    datapoints: int


@dataclass(frozen=True)
class Signal:
    """A kind of alarm.

    :param kind: its name in the catalogue, in names and tags of alarms, and of its runbook's page.
    :param title: what people call it.
    :param scope: what there is one of for each: ``instance``, ``mount``, ``volume``, ``network`` (a direction of an
        instance), ``database`` (each instance of it), ``replica``, ``balancer`` (or each target group that is named),
        ``target_group``, ``service``, ``group`` (an Auto Scaling group or another fleet), ``objective`` (of Application
        Signals), ``spans`` (what Application Signals counts of a service), ``traces`` (a group of X-Ray).
    :param namespace: namespace of the metrics.
    :param metrics: the metrics; more than one are combined by ``expression``.
    :param dimensions: names of the metrics' dimensions.
    :param unit: the unit of thresholds in the catalogue: ``%``, ``ms``, ``s``, ``σ``, ``times``, ``""`` for a number.
    :param scale: what a threshold is multiplied with to be in the metric's own unit.
    :param share: what a threshold in percent is a share of, where the metric is absolute: a key of the database in
        discovery.
    :param comparison: operator.
    :param period: seconds, with which ``warning`` and ``critical`` count.
    :param missing: what missing data counts as.
    :param expression: metric math over the metrics' ids. ``FLOOR`` stands for the floor.
    :param floor: default of the key ``floor``, if the kind has it; ``floor_unit`` says of what.
    :param symptom: whether the service's users see it, so that it may be the fault of a service that it depends on.
    :param fails: whether at critical the service fails, so that services that depend on it need not tell of their
        symptoms.
    :param optional: whether it is off unless the catalogue declares it.
    :param meaning: one sentence on what it means.
    :param first: what to look at first.
    """

    kind: str
    title: str
    scope: str
    namespace: str
    metrics: tuple[Metric, ...]
    dimensions: tuple[str, ...]
    warning: Level | None
    critical: Level | None
    meaning: str
    first: str
    unit: str = "%"
    scale: float = 1
    share: str = ""
    comparison: str = ABOVE
    period: int = 60
    missing: str = "missing"
    expression: str = ""
    floor: float | None = None
    floor_unit: str = ""
    symptom: bool = False
    fails: bool = False
    optional: bool = False

    @property
    def anomaly(self) -> bool:
        """Whether it is compared with what is usual, not with a number."""
        return self.comparison == OUTSIDE

    @property
    def severities(self) -> tuple[str, ...]:
        """Which severities it has."""
        return tuple(name for name in SEVERITIES if getattr(self, name) is not None)

    def level(self, severity: str) -> Level | None:
        """That of a severity."""
        found: Level | None = getattr(self, severity)
        return found


_EC2 = "AWS/EC2"
_EBS = "AWS/EBS"
_RDS = "AWS/RDS"
_ALB = "AWS/ApplicationELB"
_INSTANCE = ("InstanceId",)
_DATABASE = ("DBInstanceIdentifier",)
_BALANCER = ("LoadBalancer",)
_TARGETS = ("TargetGroup", "LoadBalancer")

#: The larger of two series, a gap in one of them being nothing.
_LARGER = "IF(FILL(r,0)>FILL(w,0),FILL(r,0),FILL(w,0))"
#: Percent of the requests that failed, nothing where there were too few to tell.
ERROR_RATE = "IF(req>=FLOOR,100*(FILL(t5,0)+FILL(e5,0))/req,0)"
ERROR_RATE_OF_TARGETS = "IF(req>=FLOOR,100*FILL(t5,0)/req,0)"
REQUESTS = Metric("req", "RequestCount", "Sum")
TARGET_ERRORS = Metric("t5", "HTTPCode_Target_5XX_Count", "Sum")
BALANCER_ERRORS = Metric("e5", "HTTPCode_ELB_5XX_Count", "Sum")
_ERRORS = (REQUESTS, TARGET_ERRORS, BALANCER_ERRORS)

#: Of volumes without a latency of their own: milliseconds an operation, from a period's seconds and operations.
VOLUME_TOTALS = (
    Metric("rt", "VolumeTotalReadTime", "Sum"),
    Metric("ro", "VolumeReadOps", "Sum"),
    Metric("wt", "VolumeTotalWriteTime", "Sum"),
    Metric("wo", "VolumeWriteOps", "Sum"),
)
VOLUME_MATH = (
    ("r", "IF(ro>0,1000*FILL(rt,0)/ro,0)"),
    ("w", "IF(wo>0,1000*FILL(wt,0)/wo,0)"),
)

SIGNALS: dict[str, Signal] = {
    signal.kind: signal
    for signal in (
        Signal(
            "cpu", "CPU", "instance", _EC2, (Metric("m", "CPUUtilization", "Average"),), _INSTANCE,
            Level(80, 5, 5), Level(95, 10, 10),
            "The processors of an instance have been busy for minutes; requests wait for their turn.",
            "Which process takes the time: top -o %CPU. Has the traffic grown, or has something been deployed?",
        ),
        Signal(
            "memory", "Memory", "instance", agent.NAMESPACE, (Metric("m", agent.MEMORY, "Average"),), _INSTANCE,
            Level(85, 5, 5), Level(95, 5, 5),
            "An instance has hardly any memory left; the kernel will end processes.",
            "Which process has it: ps aux --sort=-rss | head. Has it grown since the last deployment?",
        ),
        Signal(
            "disk", "Disk", "mount", agent.NAMESPACE, (Metric("m", agent.DISK, "Maximum"),), (*_INSTANCE, agent.MOUNT),
            Level(80, 3, 3), Level(90, 3, 3),
            "A file system is nearly full; what writes to it will fail.",
            "What takes the room: du -xh --max-depth=2 PATH | sort -h | tail. Logs that nobody rotates, mostly.",
        ),
        Signal(
            "io_latency", "Disk latency", "volume", _EBS,
            (Metric("r", "VolumeAvgReadLatency", "Average"), Metric("w", "VolumeAvgWriteLatency", "Average")),
            ("VolumeId",),
            Level(100, 5, 3), Level(200, 5, 3),
            "Reads from or writes to a volume take long; everything that waits for the disk is slow.",
            "Is the volume at its limit of operations or throughput, or has it spent its burst balance?",
            unit="ms", missing="notBreaching", expression=_LARGER,
        ),
        Signal(
            "network", "Network", "network", _EC2, (Metric("m", "Network", "Sum"),), _INSTANCE,
            Level(2, 5, 3), Level(4, 5, 3),
            "An instance sends or receives far more than it usually does at this time.",
            "Is it traffic of users (compare with the load balancer's requests), a backup, or what should not be?",
            unit="σ", comparison=OUTSIDE, period=300, missing="notBreaching",
            floor=1_000_000, floor_unit="bytes a second",
        ),
        Signal(
            "host_down", "Host down", "instance", _EC2, (Metric("m", "StatusCheckFailed", "Maximum"),), _INSTANCE,
            None, Level(1, 2, 2),
            "An instance fails its status checks, or says nothing any more.",
            "Its state and system log in the console; does it answer over SSH or Session Manager?",
            unit="", comparison=AT_LEAST, missing="breaching", fails=True,
        ),
        Signal(
            "database_cpu", "Database CPU", "database", _RDS, (Metric("m", "CPUUtilization", "Average"),), _DATABASE,
            Level(80, 5, 5), Level(95, 10, 10),
            "The processors of a database have been busy for minutes; queries queue.",
            "The top statements by load in Performance Insights; has one of them lost its index?",
        ),
        Signal(
            "database_connections", "Database connections", "database", _RDS,
            (Metric("m", "DatabaseConnections", "Maximum"),), _DATABASE,
            Level(80, 5, 5), Level(95, 5, 5),
            "A database has nearly as many connections as it allows; new ones will be refused.",
            "Who holds them, and are they idle? Pools without a limit, or in too many processes, are the usual cause.",
            share="max_connections", fails=True,
        ),
        Signal(
            "database_latency", "Database latency", "database", _RDS,
            (Metric("r", "ReadLatency", "p90"), Metric("w", "WriteLatency", "p90")), _DATABASE,
            Level(50, 5, 5), Level(200, 5, 5),
            "A database's storage answers slowly, and so do queries.",
            "Operations and queue depth against what the storage allows; a backup or a large query at this time?",
            unit="ms", scale=0.001, expression=_LARGER, fails=True,
        ),
        Signal(
            "database_load", "Database load", "database", _RDS, (Metric("m", "DBLoad", "Average"),), _DATABASE,
            Level(100, 5, 5), Level(200, 10, 10),
            "More sessions of a database are active than it has processors; queries wait for each other.",
            "What the sessions wait for, and in which statements, in Performance Insights.",
            share="vcpus", fails=True,
        ),
        Signal(
            "database_replication", "Database replication", "replica", _RDS,
            (Metric("m", "ReplicaLag", "Maximum"),), _DATABASE,
            Level(30, 5, 5), Level(60, 10, 10),
            "A replica is behind; what is read from it is old.",
            "Has the primary a burst of writes or a long transaction? Is the replica as large as the primary?",
            unit="s", missing="breaching",
        ),
        Signal(
            "database_storage", "Database storage", "database", _RDS,
            (Metric("m", "FreeStorageSpace", "Minimum"),), _DATABASE,
            Level(20, 5, 5), Level(10, 5, 5),
            "A database has little storage left; when it has none, it stops.",
            "What has grown: tables, logs, or what a replication slot that nobody reads keeps back?",
            comparison=BELOW, share="allocated_bytes", missing="breaching",
        ),
        Signal(
            "errors_5xx", "Server errors", "balancer", _ALB, _ERRORS, _BALANCER,
            Level(1, 5, 5), Level(5, 5, 3),
            "Too large a part of the requests is answered with a server error.",
            "The application's log at this time; what was deployed last? Is it the application or the load balancer?",
            missing="notBreaching", expression=ERROR_RATE, floor=50, floor_unit="requests in a period",
            symptom=True, fails=True,
        ),
        Signal(
            "unhealthy_hosts", "Unhealthy hosts", "target_group", _ALB,
            (Metric("u", "UnHealthyHostCount", "Maximum"), Metric("h", "HealthyHostCount", "Minimum")), _TARGETS,
            Level(1, 3, 3), Level(50, 3, 3),
            "Targets fail the load balancer's health checks; the others carry their share.",
            "The reason of each unhealthy target in the target group; then the application's log on one of them.",
            comparison=AT_LEAST, missing="notBreaching", expression="IF(u+h>0,100*u/(u+h),0)", symptom=True, fails=True,
        ),
        Signal(
            "response_time", "Response time", "balancer", _ALB, (Metric("m", "TargetResponseTime", "p90"),), _BALANCER,
            Level(1, 5, 5), Level(3, 5, 5),
            "One request in ten takes longer than this.",
            "Is it every path or one (the load balancer's log), and is it the application, its database or its hosts?",
            unit="s", missing="notBreaching", symptom=True, fails=True,
        ),
        Signal(
            "slo_fast", "Error budget, fast burn", "service", _ALB, _ERRORS, _BALANCER,
            None, Level(14.4, 1, 1),
            "Errors use up the month's error budget so fast that it is gone in two days.",
            "What users see: server errors by path; what was deployed or changed in the last hour?",
            unit="times", missing="notBreaching", expression=ERROR_RATE, floor=50, floor_unit="requests in a period",
            symptom=True, fails=True,
        ),
        Signal(
            "slo_slow", "Error budget, slow burn", "service", _ALB, _ERRORS, _BALANCER,
            Level(6, 1, 1), None,
            "Errors use up the month's error budget in five days; no hurry, but it will not last.",
            "Which errors have been there since hours: the most frequent messages in the application's log.",
            unit="times", missing="notBreaching", expression=ERROR_RATE, floor=50, floor_unit="requests in a period",
            symptom=True,
        ),
    )
}  # fmt: skip

#: The windows over which the burn is looked at, in seconds: both must be beyond the rate, the short one so that the
#: alarm ends soon after the errors do.
SLO_WINDOWS = {"slo_fast": (3600, 300), "slo_slow": (21600, 1800)}

#: The same of a whole fleet: its own kind, with the settings of the kind of one instance.
FLEET: dict[str, Signal] = {
    "cpu": Signal(
        "fleet_cpu", "CPU of a fleet", "group", _EC2, (Metric("m", "CPUUtilization", "Maximum"),), (),
        Level(80, 5, 5), Level(95, 10, 10),
        "The processors of an instance of a fleet have been busy for minutes.",
        "Which instance it is (the alarm's contributors), and whether it is one or all: one is a fault, all are load.",
        missing="notBreaching",
    ),
    "memory": Signal(
        "fleet_memory", "Memory of a fleet", "group", agent.NAMESPACE, (Metric("m", agent.MEMORY, "Maximum"),), (),
        Level(85, 5, 5), Level(95, 5, 5),
        "An instance of a fleet has hardly any memory left.",
        "Which instance it is (the alarm's contributors); has memory grown since the last deployment on all of them?",
        missing="notBreaching",
    ),
    "disk": Signal(
        "fleet_disk", "Disk of a fleet", "group", agent.NAMESPACE, (Metric("m", agent.DISK, "Maximum"),), (),
        Level(80, 3, 3), Level(90, 3, 3),
        "A file system of an instance of a fleet is nearly full.",
        "Which instance and mount it is (the alarm's contributors); replacing the instance gains time.",
        missing="notBreaching",
    ),
    "host_down": Signal(
        "fleet_host_down", "Host of a fleet down", "group", _EC2, (Metric("m", "StatusCheckFailed", "Maximum"),), (),
        None, Level(1, 2, 2),
        "An instance of a fleet fails its status checks.",
        "Does the Auto Scaling group replace it? If not, its activity history says why.",
        unit="", comparison=AT_LEAST, missing="notBreaching",
    ),
}  # fmt: skip

_LOGS = "AWS/Logs"
#: Percent of what was counted, nothing where there was too little to tell. What was counted is not filled up: the
#: minute that has just begun would have no errors, and end the alarm for a moment.
SHARE = "IF(all>=FLOOR,100*FILL(bad,0)/all,0)"

#: What is found in logs. What the metrics are called depends on the environment and the service; their dimensions and
#: namespaces are those of :mod:`.logs`.
LOG_SIGNALS: dict[str, Signal] = {
    signal.kind: signal
    for signal in (
        Signal(
            "log_errors", "Errors in logs", "log", "", (), (), Level(1, 5, 5), Level(5, 5, 3),
            "Too large a part of what the application logs is errors.",
            "The saved query Top errors: is it one message or many, and since which deployment?",
            missing="notBreaching", expression=SHARE, floor=50, floor_unit="lines in a period", symptom=True,
        ),
        Signal(
            "log_5xx", "Server errors in logs", "log", "", (), (), Level(1, 5, 5), Level(5, 5, 3),
            "Too large a part of the requests in the access log is answered with a server error.",
            "The saved query Server errors by route: one route or all of them? Then the application's log.",
            missing="notBreaching", expression=SHARE, floor=50, floor_unit="requests in a period", symptom=True,
        ),
        Signal(
            "log_502", "Bad gateway", "log", "", (), (), Level(1, 5, 5), Level(5, 5, 3),
            "Requests are answered with 502: the application breaks the connection, or hands on a 502 of its own.",
            "Whose it is, which the alarm's name says. The load balancer's: does a target restart, or close idle "
            "connections first? The application's: what stands behind it?",
            missing="notBreaching", expression=SHARE, floor=50, floor_unit="requests in a period", symptom=True,
        ),
        Signal(
            "log_silence", "Silence", "log", _LOGS, (Metric("m", "IncomingLogEvents", "Sum"),), ("LogGroupName",),
            Level(1, 15, 15), Level(1, 15, 15),
            "No logs have come for minutes: nothing happens, or nobody hears of it any more.",
            "Does the service run? Does the CloudWatch agent on its hosts, and may it write to the log group?",
            unit="lines", comparison=BELOW, missing="breaching",
        ),
        Signal(
            "log_anomaly", "Unusual logs", "log", _LOGS, (Metric("m", "AnomalyCount", "Sum"),),
            ("LogAnomalyDetector", "LogAnomalyPriority"), Level(1, 1, 1), None,
            "The logs have patterns that they do not usually have, or far more or less of one.",
            "The anomalies of the log group in the console, with a sample of each.",
            unit="anomalies", comparison=AT_LEAST, period=300, missing="notBreaching",
        ),
        Signal(
            "log_pattern", "Pattern in logs", "log", "", (Metric("m", "", "Sum"),), (), Level(1, 1, 1), Level(1, 1, 1),
            "What the catalogue looks for in the logs has been found too often.",
            "The lines themselves: the log group's search in the console takes the pattern as it is in the catalogue.",
            unit="", comparison=AT_LEAST, period=300, missing="notBreaching", symptom=True,
        ),
        Signal(
            "log_repeated", "Repeated error", "log", "", (), (), Level(10, 1, 1), Level(10, 1, 1),
            "The same error comes again and again.",
            "The lines in the message; then what was deployed last, and what the lines have in common.",
            unit="lines", comparison=AT_LEAST, period=300, missing="notBreaching", symptom=True,
        ),
        Signal(
            "database_slow_queries", "Slow queries", "log", "", (), (), Level(1, 3, 2), Level(5, 3, 2),
            "Queries of the database take long, and there are several of them.",
            "The saved query Slowest queries: the same statement, or all of them? Has one lost its index?",
            unit="s", period=300, missing="notBreaching", expression="IF(n>=FLOOR,q,0)", floor=5,
            floor_unit="slow queries in a period",
        ),
    )
}  # fmt: skip

_OBJECTIVES = "AWS/ApplicationSignals"
_SPANS = "ApplicationSignals"
_SERVICE = ("Environment", "Service")
#: Percent of the requests that Application Signals has seen; each has a latency, and its samples count them.
_SEEN_SHARE = "IF(n>=FLOOR,100*FILL(x,0)/n,0)"
_SEEN = Metric("n", "Latency", "SampleCount")

#: The attainment of an objective in percent. The budget that is used follows from it and from the goal.
ATTAINMENT = Metric("a", "AttainmentRate", "Average")
#: How many times as fast as the objective allows the budget burns, over a window of so many minutes.
BURN_RATE = Metric("m", "BurnRate", "Maximum")

#: What traces tell, where X-Ray is a backend. Burn rates are of ``slo_fast`` and ``slo_slow``, whoever counts.
TRACE_SIGNALS: dict[str, Signal] = {
    signal.kind: signal
    for signal in (
        Signal(
            "objective_budget", "Error budget used", "objective", _OBJECTIVES, (ATTAINMENT,), ("SloName",),
            Level(75, 1, 1), Level(100, 1, 1),
            "Most of what the objective allows to fail in its time has failed; at critical, all of it.",
            "Which days used it up: the burn rates on the service's dashboard. Then what was deployed or failed there.",
            period=300, missing="ignore", symptom=True,
        ),
        Signal(
            "trace_latency", "Latency of spans", "spans", _SPANS, (Metric("m", "Latency", "p99"),), _SERVICE,
            Level(2, 5, 5), Level(5, 5, 5),
            "One request in a hundred takes longer than this.",
            "A slow trace of this time: in which span is the time, its own or that of what it waits for?",
            unit="s", scale=1000, missing="notBreaching", symptom=True,
        ),
        Signal(
            "trace_faults", "Faults", "spans", _SPANS, (_SEEN, Metric("x", "Fault", "Sum")), _SERVICE,
            Level(1, 5, 5), Level(5, 5, 3),
            "Too large a part of the requests ends in a server error or in a span that says that it failed.",
            "A trace with a fault of this time: the deepest span that failed, and its exception.",
            missing="notBreaching", expression=_SEEN_SHARE, floor=50, floor_unit="requests in a period", symptom=True,
        ),
        Signal(
            "trace_errors", "Client errors", "spans", _SPANS, (_SEEN, Metric("x", "Error", "Sum")), _SERVICE,
            Level(20, 5, 5), None,
            "Too large a part of the requests is refused with a 4xx: clients ask for what is not there or not theirs.",
            "Which operation and which status: a client or link that was changed, a key that ended, or a scanner?",
            missing="notBreaching", expression=_SEEN_SHARE, floor=50, floor_unit="requests in a period", symptom=True,
        ),
        Signal(
            "trace_silence", "No traces", "traces", "AWS/X-Ray", (Metric("m", "ApproximateTraceCount", "Sum"),),
            ("GroupName",), Level(1, 15, 15), None,
            "No traces of the service have come for minutes: nobody asks it, or they do not get there any more.",
            "Does the service get requests? Does the collector on its hosts run, and what has it failed to send?",
            unit="traces", comparison=BELOW, missing="breaching", optional=True,
        ),
    )
}  # fmt: skip

#: Every kind that the catalogue may declare in ``alarms``.
DECLARED: dict[str, Signal] = {**SIGNALS, **TRACE_SIGNALS}

#: A business metric of the catalogue. What it measures is declared there.
BUSINESS = "business"

#: Uptime Kuma itself, which does not answer.
WATCHER = "watcher"

#: Every kind that an alarm may bear as its tag; each has its page in docs/runbooks.
KINDS = (*DECLARED, *(signal.kind for signal in FLEET.values()), *LOG_SIGNALS, BUSINESS, WATCHER, "service")
