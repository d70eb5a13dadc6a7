# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What X-Ray and Application Signals know of the services: objectives, groups, and the metrics of each. Pure.

Phase 4 makes the objectives and the groups, and the alarms on them; phase 2 draws them. Both take them from here, so
that a line is that of an objective that is made, and phase 2 needs no run of phase 4 to know it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._errors import InputError
from .cascade import merged
from .catalogue import Catalogue
from .names import fitted
from .series import Found, Omissions, Query, Series, series
from .signals import BURN_RATE, SIGNALS, SLO_WINDOWS, TRACE_SIGNALS, Signal
from .spec import listed, meant, shown

BALANCER, SPANS = "load_balancer", "application_signals"
SOURCES = ("auto", BALANCER, SPANS, "none")
"""What may count the requests of an objective."""

SETTINGS: dict[str, Any] = {
    "region": "", "home": "", "objective_source": "auto", "burn_rate_windows": [5, 30, 60, 360],
}  # fmt: skip
"""What is known of traces besides the catalogue: the Region of X-Ray, "" where it is no backend; that of the alarms on
metrics and the topics of alerts, X-Ray's if ""; what counts the requests of objectives that say nothing of it; and
minutes of the burn rates that AWS publishes of each."""

_SHORT = 32
_SLO_NAME = 128


@dataclass(frozen=True)
class Objective:
    """A service level objective that Application Signals is to keep.

    :param name: in the account.
    :param goal: percent.
    :param counter: who counts the requests, :data:`BALANCER` or :data:`SPANS`.
    """

    name: str
    goal: float
    counter: str

    @property
    def budget(self) -> float:
        """Percent of the requests that may fail."""
        return 100 - self.goal


def called(service: Mapping[str, Any]) -> str:
    """What a service calls itself in its traces."""
    return str((service.get("apm") or {}).get("service_name") or service["name"])


def traced(service: Mapping[str, Any]) -> bool:
    """Whether there may be traces of a service."""
    return (service.get("apm") or {}).get("enabled") is not False


def group_name(environment: str, service: str) -> str:
    """The name of a service's group, or sampling rule: in the 32 characters that X-Ray takes."""
    return fitted(f"{environment}-{service}", _SHORT)


def filter_of(service: Mapping[str, Any]) -> str:
    """X-Ray's filter expression for the traces of a service."""
    return 'service("' + called(service).replace("\\", "").replace('"', "") + '")'


def source_of(service: Mapping[str, Any], standard: str) -> str:
    """What counts a service's requests, one of :data:`SOURCES`."""
    return str((service.get("apm") or {}).get("slo") or standard)


def objectives(
    services: Iterable[Mapping[str, Any]],
    environment: str,
    standard: str,
    found: Mapping[str, Found],
    omissions: list[str],
) -> dict[str, Objective]:
    """The objectives that are made, by service.

    :param services: those that are to have one if they say an ``objective``.
    :param standard: what counts where a service does not say it.
    :param found: what discovery says of each service, in X-Ray's Region.
    :param omissions: takes sentences about those that cannot be made.
    """
    result: dict[str, Objective] = {}
    taken: set[str] = set()
    for service in services:
        objective, source = service.get("objective"), source_of(service, standard)
        if objective is None or source == "none":
            continue
        if objective >= 100:
            omissions.append(
                f"service '{service['name']}': no objective is made, since one of 100 % leaves no budget for errors."
            )
            continue
        counter = _counter(service, source, found.get(service["name"]) or {}, omissions)
        if not counter:
            continue
        name = _slo_name(environment, service["name"])
        if name in taken:
            name = fitted(name, _SLO_NAME, service["name"])
        taken.add(name)
        result[service["name"]] = Objective(name, float(objective), counter)
    return result


def _counter(service: Mapping[str, Any], source: str, found: Found, omissions: list[str]) -> str:
    """Who counts: the load balancer, else Application Signals where that is asked for; empty where nobody can."""
    if source in ("auto", BALANCER) and found.get("load_balancer"):
        return BALANCER
    if source == BALANCER:
        omissions.append(
            f"service '{service['name']}': no objective is made by its load balancer, since none was found; say "
            f"apm.slo: application_signals, or none."
        )
        return ""
    if source == "auto":
        # A service that has not reported yet is refused by AWS, and nobody has asked for it.
        omissions.append(
            f"service '{service['name']}': no objective is made, since it has no load balancer that counts requests; "
            f"say apm.slo: application_signals once Application Signals shows it."
        )
        return ""
    return SPANS


def _slo_name(environment: str, name: str) -> str:
    """A name of letters, digits, blanks and . _ -, which does not begin or end with a sign."""
    text = re.sub(r"[^0-9A-Za-z._ -]+", "-", f"{environment}-{name}").strip("-._ ") or "service"
    return fitted(text, _SLO_NAME)


class Traces:
    """What is known of the traces of a catalogue's services; nothing where X-Ray is no backend.

    :param settings: see :data:`SETTINGS`.
    :param discovery: what ``aws_discovery`` returned. It is of use where it is of X-Ray's Region.
    :raises InputError: a setting cannot be right.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        settings: Mapping[str, Any] | None = None,
        discovery: Mapping[str, Any] | None = None,
    ) -> None:
        given = checked(settings)
        self.region = str(given["region"])
        #: The Region of the other alarms and of the topics, where it is another one: none of these can be named there.
        self.elsewhere = str(given["home"]) if given["home"] not in ("", self.region) else ""
        self.source = str(given["objective_source"])
        self.windows = [int(minutes) for minutes in given["burn_rate_windows"]]
        self.environment = str(catalogue["environment"])
        discovery = discovery or {}
        here = discovery.get("region") in (None, self.region)
        self.found: Mapping[str, Found] = (discovery.get("services") or {}) if here else {}
        self.objectives: dict[str, Objective] = {}
        if self.region:
            services = [service for service in catalogue["services"] if traced(service)]
            # What goes takes its name from what stays only where both would have the same.
            services.sort(key=lambda service: service["state"] == "absent")
            self.objectives = objectives(services, self.environment, self.source, self.found, [])

    def __bool__(self) -> bool:
        return bool(self.region)

    def seen(self, service: Mapping[str, Any]) -> bool:
        """Whether Application Signals counts the requests of a service, as far as the catalogue says."""
        return bool(self.region) and traced(service) and source_of(service, self.source) == SPANS

    def group(self, service: Mapping[str, Any]) -> str:
        """The name of a service's group of traces, empty where it has none."""
        wanted = self.region and traced(service) and (service.get("apm") or {}).get("group")
        return group_name(self.environment, service["name"]) if wanted else ""

    def series(self, service: Mapping[str, Any], kind: str) -> Series | None:
        """The series of a kind of :data:`.signals.TRACE_SIGNALS`; ``None`` where there is nothing of it."""
        signal = TRACE_SIGNALS[kind]
        name, objective, group = str(service["name"]), self.objectives.get(service["name"]), self.group(service)
        if signal.scope == "objective" and objective:
            used = f"100*(100-a)/{round(objective.budget, 9):g}"
            queries = _queries(signal, {"SloName": objective.name})
            return Series(signal, "", f"objective {objective.name}", queries=queries, steps=(("e", used),))
        if signal.scope == "spans" and self.seen(service):
            steps = (("e", signal.expression),) if signal.expression else ()
            return Series(
                signal, "", called(service), queries=_queries(signal, self.dimensions(service)), steps=steps,
                scale=signal.scale,
            )  # fmt: skip
        if signal.scope == "traces" and group:
            return Series(signal, "", name, queries=_queries(signal, {"GroupName": group}))
        return None

    def dimensions(self, service: Mapping[str, Any]) -> dict[str, str]:
        """Those of what Application Signals counts of a service."""
        return {"Environment": self.environment, "Service": called(service)}

    def attainment(self, service: Mapping[str, Any]) -> Query | None:
        """How much of a service's objective is attained, in percent."""
        objective = self.objectives.get(service["name"])
        signal = TRACE_SIGNALS["objective_budget"]
        return _queries(signal, {"SloName": objective.name})[0] if objective else None

    def burn(self, service: Mapping[str, Any], minutes: int) -> Query | None:
        """How fast a service's budget burns; ``None`` where AWS is not told to look over so many minutes."""
        objective = self.objectives.get(service["name"])
        if objective is None or minutes not in self.windows:
            return None
        dimensions = {"SloName": objective.name, "BurnRateWindowMinutes": str(minutes)}
        namespace = TRACE_SIGNALS["objective_budget"].namespace
        return Query(BURN_RATE.id, namespace, BURN_RATE.name, dimensions, BURN_RATE.stat)

    def burns(self, service: Mapping[str, Any], kind: str) -> list[tuple[int, Query]]:
        """Seconds and metric of each window of a kind of burn rate; empty where one of them is not published."""
        windows = SLO_WINDOWS[kind]
        found = [(seconds, query) for seconds in windows if (query := self.burn(service, seconds // 60))]
        return found if len(found) == len(windows) else []

    def counted_elsewhere(self, service: Mapping[str, Any], kind: str) -> bool:
        """Whether the alarms on metrics watch the same burn already: the same errors would be told twice."""
        return bool(series(service, self.found.get(service["name"]) or {}, SIGNALS[kind], Omissions()))


def _queries(signal: Signal, dimensions: Mapping[str, str]) -> tuple[Query, ...]:
    return tuple(Query(metric.id, signal.namespace, metric.name, dimensions, metric.stat) for metric in signal.metrics)


def checked(settings: Mapping[str, Any] | None) -> dict[str, Any]:
    """The settings, complete.

    :raises InputError: one cannot be right.
    """
    for key in settings or {}:
        if key not in SETTINGS:
            raise InputError(f"traces: '{key}' is no setting{meant(key, SETTINGS)}; there are {listed(SETTINGS)}.")
    given = merged(SETTINGS, settings)
    if given["objective_source"] not in SOURCES:
        raise InputError(
            f"traces: objective_source must be {listed(SOURCES, 'or')}, not {shown(given['objective_source'])}."
        )
    windows = given["burn_rate_windows"]
    if isinstance(windows, (str, bytes)) or not isinstance(windows, Sequence) or not all(map(_minutes, windows)):
        raise InputError("traces: burn_rate_windows must be a list of minutes, such as [5, 30, 60, 360].")
    return given


def _minutes(value: Any) -> bool:
    return str(value).isdigit() and int(value) > 0
