# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the catalogue says of alarms: checked, and completed from the table of signals. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .cascade import merged
from .signals import ABOVE, AT_LEAST, BELOW, MISSING, OUTSIDE, SEVERITIES, SLO_WINDOWS, Level, Signal
from .spec import Checker, Options, Place, convert, listed, shown

Settings = dict[str, Any]
"""A kind's settings, complete: ``warning`` and ``critical`` (``None``, or ``threshold``, ``evaluation_periods``,
``datapoints`` and ``period``, which is ``None`` where it was not declared), ``treat_missing_data`` with
``declared_missing`` (whether somebody declared it), and ``statistic``, ``floor``, ``runbook`` where there are any."""

_DAY, _WEEK = 86400, 604800

_TIMES: dict[str, dict[str, Any]] = {
    "period": {"type": "int"},
    "evaluation_periods": {"type": "int"},
    "datapoints_to_alarm": {"type": "int"},
}
LEVEL_OPTIONS: Options = {"threshold": {"type": "float"}, **_TIMES}

_WORDS = {ABOVE: "above", AT_LEAST: "at least", BELOW: "below", OUTSIDE: "above the usual by more than"}


def kind_options(signal: Signal) -> Options:
    """The keys of a kind of alarm in the catalogue, as an argument spec."""
    return {
        **{severity: {"type": "raw"} for severity in signal.severities},
        **(_TIMES if signal.kind not in SLO_WINDOWS else {}),
        "treat_missing_data": {"type": "str", "choices": list(MISSING)},
        **({"statistic": {"type": "str"}} if len({metric.stat for metric in signal.metrics}) == 1 else {}),
        **({"floor": {"type": "float"}} if signal.floor is not None else {}),
        "runbook": {"type": "str"},
    }


def layer(value: Any, signal: Signal, place: Place, checker: Checker) -> Settings:
    """What one entry of ``alarms`` declares, in the form in which entries can be laid over each other."""
    if isinstance(value, bool):
        return {"enabled": value}
    if not isinstance(value, Mapping):
        checker.report(f"{place} must be true, false or a mapping of thresholds, not {shown(value)}.", value)
        return {}
    result = checker.mapping(value, kind_options(signal), place)
    for severity in signal.severities:
        if severity in result:
            options = LEVEL_OPTIONS if signal.kind not in SLO_WINDOWS else {"threshold": {"type": "float"}}
            result[severity] = _severity(result[severity], options, place.key(severity), checker)
    return {"enabled": True, **result}


def _severity(value: Any, options: Options, place: Place, checker: Checker) -> Settings:
    if isinstance(value, bool):
        return {"enabled": value}
    if isinstance(value, Mapping):
        return {"enabled": True, **checker.mapping(value, options, place)}
    try:
        return {"enabled": True, "threshold": convert(value, "float")}
    except ValueError:
        checker.report(f"{place} must be a number, false or a mapping with the threshold, not {shown(value)}.", value)
        return {}


def complete(signal: Signal, layers: Sequence[Mapping[str, Any]], place: Place, checker: Checker) -> Settings | None:
    """The settings of a kind, ``None`` where it is off.

    :param layers: what :func:`layer` made of the environment's entry and of the service's, the nearest last.
    """
    declared = merged(*layers)
    if not declared.get("enabled", not signal.optional):
        return None
    result: Settings = {
        "treat_missing_data": declared.get("treat_missing_data", signal.missing),
        "declared_missing": "treat_missing_data" in declared,
    }
    for key in ("statistic", "floor", "runbook"):
        if key in declared:
            result[key] = declared[key]
        elif key == "floor" and signal.floor is not None:
            result[key] = signal.floor
    for severity in SEVERITIES:
        level = signal.level(severity)
        own = declared.get(severity) or {}
        result[severity] = None
        if level is not None and own.get("enabled", True):
            result[severity] = _level(signal, level, own, declared, place.key(severity), checker)
    _order(signal, result, place, checker)
    if result.get("floor", 0) < 0:
        checker.report(f"{place.key('floor')} must be at least 0, not {result['floor']}.", result["floor"])
    return result if result["warning"] or result["critical"] else None


def _level(
    signal: Signal,
    level: Level,
    own: Mapping[str, Any],
    declared: Mapping[str, Any],
    place: Place,
    checker: Checker,
) -> Settings:
    def given(key: str) -> Any:
        return own.get(key, declared.get(key))

    periods = given("evaluation_periods")
    # As AWS has it: who says only how many periods means all of them.
    datapoints = given("datapoints_to_alarm") or (periods if periods is not None else level.datapoints)
    result = {
        "threshold": own.get("threshold", level.threshold),
        "evaluation_periods": level.evaluation_periods if periods is None else periods,
        "datapoints": datapoints,
        "period": given("period"),
    }
    times(result, signal.period, place, checker)
    threshold = result["threshold"]
    if signal.unit in ("σ", "times") and threshold <= 0:
        checker.report(f"{place} must be above 0, not {threshold}.", threshold)
    elif signal.unit == "%" and signal.kind != "database_load" and not 0 <= threshold <= 100:
        checker.report(f"{place} must be a percentage from 0 to 100, not {threshold}.", threshold)
    return result


def times(level: Mapping[str, Any], standard: int, place: Place, checker: Checker) -> None:
    """Check M of N and the period, which CloudWatch limits.

    :param standard: the period where none was declared.
    """
    periods, datapoints = level["evaluation_periods"], level["datapoints"]
    period = level["period"]
    if periods < 1 or datapoints < 1:
        checker.report(
            f"{place}: evaluation_periods and datapoints_to_alarm must be at least 1.", min(periods, datapoints)
        )
    elif datapoints > periods:
        checker.report(
            f"{place}: datapoints_to_alarm is {datapoints} and evaluation_periods {periods}; no more data points can "
            f"be beyond the threshold than are looked at.",
            datapoints,
        )
    if period is not None and (period < 10 or (period not in (10, 20, 30) and period % 60)):
        checker.report(f"{place}: period must be 10, 20, 30 or a multiple of 60 seconds, not {period}.", period)
        return
    seconds = standard if period is None else period
    limit = _WEEK if seconds >= 3600 else _DAY
    if periods * seconds > limit:
        checker.report(
            f"{place}: {periods} periods of {seconds} seconds are longer than the {limit // _DAY} "
            f"day{'s' if limit > _DAY else ''} that CloudWatch looks back; shorten one of them.",
            periods,
        )


def _order(signal: Signal, settings: Mapping[str, Any], place: Place, checker: Checker) -> None:
    warning, critical = settings["warning"], settings["critical"]
    if warning and critical:
        ordered(warning["threshold"], critical["threshold"], signal.comparison == BELOW, place, checker)


def ordered(warning: float, critical: float, below: bool, place: Place, checker: Checker) -> None:
    """A warning comes before the critical, or it is none."""
    if (warning < critical) if below else (warning > critical):
        checker.report(
            f"{place}: warning is {warning} and critical {critical}, and what is {'low' if below else 'high'} is bad "
            f"here: the warning must be {'above' if below else 'below'} the critical.",
            warning,
        )


# -- business metrics -------------------------------------------------------------------------------------------------


def business(entry: Mapping[str, Any], place: Place, checker: Checker) -> Settings:
    """A business metric with its levels complete, ``warning`` and ``critical`` among them as in :data:`Settings`."""
    below = entry.get("direction", "above") == "below"
    result = {"title": entry.get("name", ""), **entry}
    for severity in SEVERITIES:
        if severity in entry:
            periods = entry.get("evaluation_periods", 5)
            result[severity] = {
                "threshold": entry[severity],
                "evaluation_periods": periods,
                "datapoints": entry.get("datapoints_to_alarm", periods),
                "period": entry.get("period", 60),
            }
            times(result[severity], 60, place, checker)
    if "warning" in entry and "critical" in entry:
        ordered(entry["warning"], entry["critical"], below, place, checker)
    return result


# -- words ------------------------------------------------------------------------------------------------------------


def condition(comparison: str, level: Mapping[str, Any], period: int, unit: str) -> str:
    """``above 80 %, 5 of 5 periods of 60 seconds``."""
    value = f"{level['threshold']:g} {unit}".rstrip()
    return (
        f"{_WORDS[comparison]} {value}, {level['datapoints']} of {level['evaluation_periods']} "
        f"period{'s' if level['evaluation_periods'] > 1 else ''} of {period} seconds"
    )


def described(signal: Signal) -> list[str]:
    """What the catalogue's documentation says of a kind: its metrics and its thresholds."""
    names = [f"C({metric.name})" for metric in signal.metrics]
    if signal.scope == "network":
        names = ["C(NetworkIn)", "C(NetworkOut)"]
    levels = []
    for severity in signal.severities:
        level = signal.level(severity)
        if level is None:
            continue
        if signal.kind in SLO_WINDOWS:
            windows = listed(f"{seconds // 60} minutes" for seconds in SLO_WINDOWS[signal.kind])
            text = f"above {level.threshold:g} times what the objective allows, over {windows}"
        else:
            values = {
                "threshold": level.threshold,
                "evaluation_periods": level.evaluation_periods,
                "datapoints": level.datapoints,
            }
            text = condition(signal.comparison, values, signal.period, signal.unit)
        levels.append(f"{severity} {text}")
    return [
        f"{signal.title}, from {listed(names)} in C({signal.namespace}).",
        f"{'Off unless it is declared; then' if signal.optional else 'By default'} {'; '.join(levels)}.",
    ]
