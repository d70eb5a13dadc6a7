# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the monitoring of a catalogue costs on AWS in a month, counted in what the modules are given. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from .._errors import InputError
from . import alarms as metric_alarms
from . import cost_usage as counting
from . import dashboards as metric_dashboards
from . import log_alarms, log_dashboard, logs, monitored, trace_alarms, watcher
from .catalogue import Catalogue
from .cost_prices import FALLBACK, ITEMS, Charge, Prices, amount, charges, prices
from .cost_usage import ASSUMPTIONS, Usage
from .spec import listed, meant, shown

Report = dict[str, Any]

PHASES = {
    "phase2": "Metrics, alarms and dashboards",
    "phase3": "Logs",
    "phase4": "Traces",
}
TRACING = ("none", "xray", "spans")
CURRENCY = "USD"
SHARED = "(the environment)"
"""What costs for no service alone are shown as."""

#: Whoever is told, as many composites are made; which topic it is costs nothing.
_TOPICS = dict.fromkeys(("critical", "warning", "info"), "arn:aws:sns:us-east-1:123456789012:topic")

#: What is done of each kind, unless ``settings.parts`` says otherwise.
PARTS = (
    "alarms", "dashboards", "detailed_monitoring", "database_monitoring", "log_groups", "log_metric_filters",
    "log_alarms", "log_dashboards", "log_report", "trace_alarms",
)  # fmt: skip


def cost(
    catalogue: Catalogue,
    discovery: Mapping[str, Any] | None,
    document: Mapping[str, Any],
    settings: Mapping[str, Any] | None = None,
) -> Report:
    """What a month costs, once everything is as the catalogue declares it.

    :param catalogue: what :func:`.catalogue.resolve` returned.
    :param discovery: what ``aws_discovery`` returned; without it, only what the catalogue alone knows is counted.
    :param document: the list of prices, see :func:`.cost_prices.prices`.
    :param settings:
        * ``prices``: one's own, by key; ``free_tier``: whether it is there to be used, true if not set;
        * ``assumptions``: what differs from :data:`.cost_usage.ASSUMPTIONS`; ``measured``: GB a month by log group;
        * ``tracing``: one of :data:`TRACING`; ``traces``: see :data:`.traces.SETTINGS`; ``trace_topics``:
          those that are given to alarms on traces, if any;
        * ``agent_metrics``: groups of metrics that agents send;
        * ``hosts``: the inventory's hosts by group; ``watchers``: hosts of Uptime Kuma that an alarm misses;
        * ``parts``: which of :data:`PARTS` are done, true if not named;
        * ``entries``: what there is besides, or was made already, by the names in :func:`_Entries.of`;
        * ``channel`` and ``log_resources``: what the filters of these names returned, where they are made;
        * ``now``: what is there, a list: the ``phase`` whose it is, and ``alarms``, ``dashboards``, ``log_groups``,
          ``log_deliveries`` and ``log_metric_filters`` as ``cloudwatch_info`` returns them.
    :returns: ``monthly``, ``currency``, ``environment``; ``prices`` (``date``, ``region``, ``wanted_region``,
        ``unconfirmed``: titles of items whose price nobody has looked up); ``lines``, ``phases`` and ``services``, the
        dearest first; ``assumed`` in sentences; and, with ``now``, ``change``: ``monthly`` and ``lines``.
    :raises InputError: a setting or the list of prices cannot be right.
    """
    discovery, settings = discovery or {}, settings or {}
    region = str(discovery.get("region") or settings.get("region") or FALLBACK)
    free_tier = bool(settings.get("free_tier", True))
    there = prices(document, region, settings.get("prices"), free_tier)
    tracing = settings.get("tracing") or "none"
    if tracing not in TRACING:
        raise InputError(f"cost_tracing is {shown(tracing)}; it takes {listed(TRACING, 'or')}.")
    counted = _Counted(catalogue, discovery, settings, tracing)
    wanted = counted.wanted()
    report = _report(catalogue, wanted, there, region)
    report["assumed"] = counted.assumed()
    if settings.get("now") is not None:
        report["change"] = _change(charges(wanted.totals(), there), charges(counted.now(wanted).totals(), there))
    return report


class _Counted:
    def __init__(
        self, catalogue: Catalogue, discovery: Mapping[str, Any], settings: Mapping[str, Any], tracing: str
    ) -> None:
        self.catalogue = catalogue
        self.discovery = discovery
        self.settings = settings
        self.tracing = tracing
        self.assumptions = _assumptions(settings.get("assumptions") or {})
        self.measured = {
            str(group): amount(size, f"cost: what was measured of '{group}'")
            for group, size in (settings.get("measured") or {}).items()
        }
        self.traffic = counting.log_traffic(catalogue, discovery, self.measured, self.assumptions)
        self.fleets = counting.fleets(discovery)
        #: The alarms that others are silent for, once they are made.
        self.failing: dict[str, str] | None = None
        self.names = {
            metric_dashboards.dashboard_name(str(catalogue["environment"]), str(service["name"])): str(service["name"])
            for service in catalogue["services"]
        }

    def _does(self, part: str) -> bool:
        return bool((self.settings.get("parts") or {}).get(part, True))

    def _besides(self, name: str) -> list[Mapping[str, Any]]:
        return list((self.settings.get("entries") or {}).get(name) or ())

    # -- what is declared ---------------------------------------------------------------------------------------------

    def wanted(self) -> Usage:
        usage = Usage()
        self._metrics(usage)
        self._logs(usage)
        self._traces(usage)
        return usage

    def _metrics(self, usage: Usage) -> None:
        catalogue, discovery, assumed = self.catalogue, self.discovery, self.assumptions
        counting.metrics(
            usage, catalogue, discovery, self.settings.get("hosts") or {}, self.settings.get("agent_metrics"),
            self._does("detailed_monitoring"),
        )  # fmt: skip
        if self._does("database_monitoring"):
            databases = monitored.monitored(catalogue, discovery)["databases"]
            counting.databases(usage, catalogue, discovery, databases, assumed)
        entries: list[dict[str, Any]] = []
        if self._does("alarms"):
            entries, self.failing = metric_alarms.with_failing(catalogue, discovery, _TOPICS)
        watching = self.settings.get("watchers") or () if self._does("alarms") else ()
        every = [*entries, *watcher.watcher_alarms(catalogue, watching), *self._besides("alarms")]
        counting.alarms(usage, "phase2", every, self.fleets, self.traffic, assumed)
        # Without the account and the Region, there is no telling what a dashboard shows.
        if self._does("dashboards") and discovery.get("region"):
            traces = self.settings.get("traces")
            names = metric_dashboards.dashboard_names(catalogue, discovery, entries, traces)
            made = ({"name": name} for name in names)
            counting.dashboards(usage, "phase2", [*made, *self._besides("dashboards")], self.names)
        channel = self.settings.get("channel")
        if channel:
            counting.alarms(usage, "phase2", channel["alarms"], {}, {}, assumed)
            counting.functions(usage, "phase2", channel["functions"], channel["schedules"], assumed, "function_seconds")
            counting.log_groups(usage, "phase2", channel["log_groups"], (), {}, self.measured, assumed)
            usage.add("secrets", "phase2", "", 1 if channel.get("secret_store") == "secretsmanager" else 0)
            usage.add("keys", "phase2", "", 1 if channel.get("key_policy") else 0)

    def _logs(self, usage: Usage) -> None:
        catalogue, discovery, assumed = self.catalogue, self.discovery, self.assumptions
        resources = self.settings.get("log_resources") or {}
        if self._does("log_groups"):
            groups = [*logs.groups(catalogue, discovery), *self._besides("log_groups")]
            delivered: list[Mapping[str, Any]] = []
            if self.settings.get("delivery", "vended") == "vended" and discovery.get("region"):
                delivered = list(logs.deliveries(catalogue, discovery, (resources.get("bucket") or {}).get("name", "")))
            counting.log_groups(
                usage, "phase3", [*groups, *(resources.get("log_groups") or ())],
                [*delivered, *self._besides("log_deliveries")], self.traffic, self.measured, assumed,
            )  # fmt: skip
        if self._does("log_metric_filters"):
            filters = [*logs.metric_filters(catalogue, discovery), *self._besides("log_metric_filters")]
            counting.log_metrics(usage, catalogue, "phase3", filters, assumed)
        entries: list[Mapping[str, Any]] = []
        if self._does("log_alarms"):
            made = self._besides("log_alarms_made")
            if not made:
                made = [*log_alarms.log_alarms(catalogue, discovery, _TOPICS, failing=self.failing)]
                made += self._besides("log_alarms")
            entries = made
            counting.alarms(
                usage, "phase3", [*entries, *(resources.get("alarms") or ())], self.fleets, self.traffic, assumed
            )
        if self._does("log_dashboards") and discovery.get("region"):
            pages = log_dashboard.log_dashboard(catalogue, discovery, entries)
            counting.dashboards(usage, "phase3", [*pages, *self._besides("log_dashboards")], {})
        running = [one for one in resources.get("functions") or () if one.get("state", "present") == "present"]
        if running:
            counting.functions(usage, "phase3", running, resources.get("schedules") or (), assumed, "report_seconds")
            counting.report(usage, "phase3", self.traffic)

    def _traces(self, usage: Usage) -> None:
        counting.traces(usage, self.catalogue, self.tracing, self.assumptions)
        if self._does("trace_alarms"):
            traces, beside = self.settings.get("traces"), self._does("alarms")
            made = trace_alarms.trace_alarms(
                self.catalogue, self.discovery, self.settings.get("trace_topics") and _TOPICS, traces,
                beside=beside, own_topics=_TOPICS, failing=self.failing,
            )  # fmt: skip
            every = [*made, *self._besides("trace_alarms")]
            counting.alarms(usage, "phase4", every, self.fleets, self.traffic, self.assumptions)

    def assumed(self) -> list[str]:
        """What is not known but assumed, in sentences."""
        told = []
        silent = {group for group in self.traffic if group not in self.measured} - {
            source.group
            for source in logs.sources(self.catalogue, self.discovery)
            if source.declared.get("gb_per_month") is not None
        }
        if silent:
            kinds = self.assumptions["gb_per_month"]
            sizes = listed(f"{kind.replace('_', ' ')} {size:g}" for kind, size in kinds.items())
            told.append(
                f"Of {len(silent)} of {len(self.traffic)} log groups it is not declared how much is written to them "
                f"(gb_per_month of the source), nor was it measured; assumed are GB a month: {sizes}."
            )
        if not self.discovery.get("region"):
            told.append(
                "AWS has not been asked what the services run on: what there is for each instance, volume, load "
                "balancer and database is not counted, nor are dashboards."
            )
        return told

    # -- what is there ------------------------------------------------------------------------------------------------

    def now(self, wanted: Usage) -> Usage:
        """What is there now, of :data:`READ`; the rest is taken to be there as it is wanted, for tiers' sake."""
        usage, result = Usage(), Usage()
        for found in self.settings["now"]:
            phase = str(found["phase"])
            counting.alarms(usage, phase, found.get("alarms") or (), self.fleets, self.traffic, self.assumptions)
            counting.dashboards(usage, phase, found.get("dashboards") or (), self.names)
            counting.log_groups(
                usage,
                phase,
                found.get("log_groups") or (),
                found.get("log_deliveries") or (),
                self.traffic,
                self.measured,
                self.assumptions,
            )
            counting.log_metrics(usage, self.catalogue, phase, found.get("log_metric_filters") or (), self.assumptions)
        for kept, lines in ((True, usage.lines), (False, wanted.lines)):
            for (item, phase, service), quantity in lines.items():
                if (item in READ) == kept:
                    result.add(item, phase, service, quantity)
        return result


READ = (
    "alarms", "alarms_anomaly", "alarms_high_resolution", "alarms_insights", "alarms_log", "alarms_composite",
    "dashboards", "log_metrics", "logs_standard", "logs_infrequent", "logs_vended", "logs_vended_s3",
)  # fmt: skip
"""The items of which AWS is asked what is there."""


def _change(wanted: Mapping[str, Charge], now: Mapping[str, Charge]) -> Report:
    none = Charge(0, 0, 0)
    items: list[dict[str, Any]] = []
    for name in READ:
        before, after = now.get(name, none), wanted.get(name, none)
        if before.quantity or after.quantity:
            items.append({
                "item": name, "title": ITEMS[name].title, "unit": ITEMS[name].unit,
                "quantity": round(after.quantity, 3), "quantity_now": round(before.quantity, 3),
                "monthly": round(after.monthly, 2), "monthly_now": round(before.monthly, 2),
                "change": round(after.monthly - before.monthly, 2),
            })  # fmt: skip
    return {
        "monthly_now": round(sum(item["monthly_now"] for item in items), 2),
        "monthly": round(sum(item["monthly"] for item in items), 2),
        "change": round(sum(item["change"] for item in items), 2),
        "lines": items,
    }


def _assumptions(own: Mapping[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = {
        key: dict(value) if isinstance(value, dict) else value for key, value in ASSUMPTIONS.items()
    }
    for key, value in own.items():
        where = f"cost_assumptions.{key}"
        if key not in result:
            raise InputError(f"{where} is no assumption{meant(key, list(result))}; there are {listed(sorted(result))}.")
        if not isinstance(result[key], dict):
            result[key] = amount(value, where)
            continue
        if not isinstance(value, Mapping):
            raise InputError(f"{where} must be a mapping of {listed(result[key])} to GB, not {shown(value)}.")
        for kind, size in value.items():
            if kind not in result[key]:
                raise InputError(
                    f"{where}.{kind} is no kind of source{meant(kind, list(result[key]))}; there are "
                    f"{listed(result[key])}."
                )
            result[key][kind] = amount(size, f"{where}.{kind}")
    for key in ("compression", "sample"):
        if result[key] > 1:
            raise InputError(f"cost_assumptions.{key} must be between 0 and 1, not {result[key]:g}.")
    return result


# -- the report -------------------------------------------------------------------------------------------------------


def _report(catalogue: Catalogue, usage: Usage, there: Prices, region: str) -> Report:
    totals = usage.totals()
    charged = charges(totals, there)
    phases: defaultdict[str, float] = defaultdict(float)
    services: defaultdict[str, defaultdict[str, float]] = defaultdict(lambda: defaultdict(float))
    for (item, phase, service), quantity in usage.lines.items():
        part = charged[item].monthly * quantity / totals[item]
        phases[phase] += part
        services[service][phase] += part
    items = [
        {
            "item": name, "title": ITEMS[name].title, "unit": ITEMS[name].unit, "quantity": round(charge.quantity, 3),
            "free": round(charge.free, 3), "monthly": round(charge.monthly, 2),
        }
        for name, charge in charged.items()
    ]  # fmt: skip
    dearest = sorted(services.items(), key=lambda line: (-sum(line[1].values()), line[0]))
    return {
        "environment": catalogue["environment"],
        "currency": CURRENCY,
        "monthly": round(sum(charge.monthly for charge in charged.values()), 2),
        "prices": {
            "date": there.date,
            "region": there.region,
            "wanted_region": region,
            "unconfirmed": [
                ITEMS[name].title for name, charge in charged.items()
                if ITEMS[name].price in there.unconfirmed and charge.monthly
            ],
        },
        "lines": sorted(items, key=lambda line: -line["monthly"]),
        "phases": [
            {"phase": phase, "title": title, "monthly": round(phases[phase], 2)}
            for phase, title in PHASES.items() if phase in phases
        ],
        "services": [
            {
                "name": name or SHARED, "shared": not name, "monthly": round(sum(parts.values()), 2),
                "phases": {phase: round(part, 2) for phase, part in sorted(parts.items())},
            }
            for name, parts in dearest
        ],
    }  # fmt: skip


def over_budget(report: Mapping[str, Any], budget: float) -> str:
    """A sentence where a budget does not do, or nothing.

    :param budget: dollars a month.
    :raises InputError: it is no number from 0 on.
    """
    most = amount(budget, "monitoring_budget")
    monthly = float(report["monthly"])
    if monthly <= most:
        return ""
    dear = [f"{item['title'].lower()} {item['monthly']:,.2f}" for item in report["lines"][:3] if item["monthly"]]
    return (
        f"The monitoring of '{report['environment']}' would cost {monthly:,.2f} {report['currency']} a month, "
        f"{monthly - most:,.2f} more than monitoring_budget allows ({most:,.2f}); most of it are {listed(dear)}. "
        f"Declare less, or raise monitoring_budget; playbooks/cost.yml shows what costs how much. Nothing has "
        f"been changed."
    )
