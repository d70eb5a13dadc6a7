# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The evaluation of backends for traces: from what is declared to a ranking that says what it rests on. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from .._catalog.cascade import defaults, merged
from .._catalog.catalogue import CatalogueError
from .._catalog.spec import Checker, Options, Place, listed, meant, shown
from . import matrix, trial
from .candidates import ASPECTS, CANDIDATES, COMPUTED, CRITERIA
from .cost import RUM, UNITS, cost
from .usage import Usage, usage

Candidate = dict[str, Any]
PREFIX = "apm_evaluation_"
LEVELS = {"yes": 1.0, "partly": 0.5, "no": 0.0}

#: What a gate asks for, one of these each, and how it is said.
GATES = {
    "aspect": "{0} at least {1}",
    "monthly_cost": "at most {0:,.2f} dollars a month",
    "retention_days": "keeps spans for {0:g} days",
    "overhead_percent": "measured overhead at p95 at most {0:g} %",
    "spans_lost_percent": "measured loss of spans at most {0:g} %",
}

_DETAILS = ("languages", "residency", "retention")
#: Evidence that is older than this is worth a look.
_OLD_DAYS = 365


@dataclass(frozen=True)
class Inventory:
    """What is known beside the variables.

    :param groups: the inventory's hosts by group.
    :param memories: GiB by host, where facts are known.
    :param today: the day on which evidence is too old or not yet there.
    """

    groups: Mapping[str, Sequence[str]]
    memories: Mapping[str, float]
    today: date


def evaluate(
    catalogue: Mapping[str, Any],
    variables: Mapping[str, Any],
    options: Options,
    inventory: Inventory,
    measured: Any = None,
) -> dict[str, Any]:
    """Compare the candidates.

    :param catalogue: what :func:`.._catalog.catalogue.resolve` returned.
    :param variables: the variables ``apm_evaluation_*``.
    :param options: the argument spec of the entry point ``evaluate`` of the role ``apm``.
    :param measured: what is in the file of a trial; nothing where there was none.
    :returns: ``environment``; ``criteria``, each with ``weight`` and ``share``; ``usage``; ``candidates``, the best
        first, each with ``gates``, ``scores``, ``total``, ``place`` (``None`` where a gate is shut), ``aspects`` with
        evidence, ``cost``, ``trial`` and ``warnings``; ``ranking``; ``sensitivity``; ``trial``; ``conclusion``, one
        sentence.
    :raises CatalogueError: with all mistakes; a score without evidence is one.
    """
    checker = Checker()
    known = {name: value for name, value in variables.items() if name in options and value is not None}
    settings = merged(defaults(options), checker.mapping(known, options, Place("")))
    settings = {name.removeprefix(PREFIX): value for name, value in settings.items()}
    weights = _weights(settings["weights"], checker)
    candidates = _candidates(settings, inventory.today, checker)
    _gates(settings["gates"], checker)
    assumed = _assumptions(settings["usage"], checker)
    if checker.problems:  # What follows computes with them.
        raise CatalogueError(checker.problems)
    there = usage(catalogue["services"], assumed, inventory.groups, inventory.memories, checker.problems)
    measurements = trial.read(measured, list(candidates), checker)
    _priced(candidates, there, checker)
    if checker.problems:
        raise CatalogueError(checker.problems)

    wanted = {key: float(value) for key, value in settings["features"].items()}
    compared = [
        _compared(name, candidate, there, measurements, settings, inventory.today)
        for name, candidate in candidates.items()
    ]
    _score(compared, wanted)
    table = {entry["name"]: entry["scores"] for entry in compared if entry["eligible"]}
    order = matrix.ranking(table, weights)
    places = matrix.placed(order)
    for entry in compared:
        entry["total"] = matrix.total(entry["scores"], weights)
        entry["place"] = places.get(entry["name"])
    compared.sort(key=lambda entry: (entry["place"] is None, entry["place"], -entry["total"], entry["name"]))
    shares = matrix.shares(weights)
    return {
        "environment": catalogue.get("environment", ""),
        "criteria": [
            {"name": name, "question": question, "weight": weights[name], "share": shares[name]}
            for name, question in CRITERIA.items()
        ],
        "features": {name: wanted.get(name, 1.0) for name in ASPECTS["features"]},
        "residency": settings["residency"],
        "usage": {
            "hosts": there.hosts,
            "memory_gib": round(sum(there.memories), 2),
            "spans": round(there.spans),
            "gb": round(there.bytes / 1e9, 3),
            "gb_a_day": round(there.gb_a_day, 4),
            "retention_days": there.retention_days,
            "users": there.users,
            "sessions": there.sessions,
            "services": list(there.services),
        },
        "candidates": compared,
        "ranking": order,
        "sensitivity": {
            "change": settings["sensitivity"],
            "variations": matrix.variations(table, weights, settings["sensitivity"]) if table else [],
            "tipping_points": matrix.tipping_points(table, weights) if table else {},
        },
        "trial": measurements,
        "conclusion": _conclusion(compared, order, table, weights, settings["sensitivity"]),
    }


# -- what is declared -------------------------------------------------------------------------------------------------


def _weights(declared: Mapping[str, Any], checker: Checker) -> dict[str, float]:
    place = Place("", f"{PREFIX}weights")
    weights = {name: float(declared[name]) for name in CRITERIA}
    for name, weight in weights.items():
        if not 0 <= weight < math.inf:
            checker.report(f"{place.key(name)} must be a number from 0 on, not {weight:g}.")
    if not any(weights.values()):
        checker.report(f"{place} are all 0; give at least one criterion a weight.")
    return weights


def _assumptions(declared: Mapping[str, Any], checker: Checker) -> dict[str, Any]:
    place = Place("", f"{PREFIX}usage")
    for name, value in declared.items():
        highest = 1 if name in ("sample", "indexed_share") else math.inf
        if not (0 <= value <= highest and value < math.inf):
            until = " to 1" if highest == 1 else " on"
            checker.report(f"{place.key(name)} must be a number from 0{until}, not {value:g}.")
    return dict(declared)


def _gates(gates: Sequence[Mapping[str, Any]], checker: Checker) -> None:
    aspects = [f"{criterion}.{name}" for criterion, names in ASPECTS.items() for name in names]
    for position, gate in enumerate(gates):
        place = Place("", f"{PREFIX}gates").item(position, gate)
        asked = [name for name in GATES if name in gate]
        if len(asked) != 1:
            checker.report(f"{place} must have one of {listed(GATES, 'and')}, not {len(asked) or 'none'}.")
        elif asked == ["aspect"] and gate["aspect"] not in aspects:
            near = meant(gate["aspect"], aspects)
            checker.report(
                f"{place.key('aspect')} is '{gate['aspect']}', which is no aspect{near}; there are {listed(aspects)}."
            )


def _candidates(settings: Mapping[str, Any], today: date, checker: Checker) -> dict[str, Candidate]:
    """The candidates with what the inventory says of them, complete and proved."""
    place = Place("", f"{PREFIX}candidates")
    declared = settings["candidates"]
    chosen = settings.get("compare") or [*CANDIDATES, *(name for name in declared if name not in CANDIDATES)]
    for name in chosen:
        if name not in CANDIDATES and name not in declared:
            checker.report(
                f"{PREFIX}compare names '{name}', which is no candidate{meant(name, [*CANDIDATES, *declared])}; "
                f"describe it in {place}, or correct the name."
            )
    result: dict[str, Candidate] = {}
    for name, own in declared.items():
        if not isinstance(own, Mapping):
            checker.report(f"{place.key(name)} must be a mapping, not {shown(own)}.")
    for name in dict.fromkeys(chosen):
        own = declared.get(name) or {}
        if (name in CANDIDATES or name in declared) and isinstance(own, Mapping):
            result[name] = _candidate(name, own, place.key(name), today, checker)
    _price_overrides(settings["prices"], result, today, checker)
    if not result and not checker.problems:
        checker.report(f"{place}: there is nothing to compare.")
    return result


def _candidate(name: str, own: Mapping[str, Any], place: Place, today: date, checker: Checker) -> Candidate:
    base = CANDIDATES.get(name, {})
    allowed = ("title", "aspects", "prices", *_DETAILS)
    for key in own:
        if key not in allowed:
            checker.report(f"{place.key(key)} is not a known key{meant(key, allowed)}; known are {listed(allowed)}.")
    # What the inventory says replaces an aspect with its evidence as a whole: another's proof would prove nothing.
    aspects: dict[str, dict[str, Any]] = {}
    declared = own.get("aspects") or {}
    for criterion in declared:
        if criterion not in ASPECTS:
            checker.report(f"{place.key('aspects').key(criterion)} is no criterion{meant(criterion, ASPECTS)}.")
    for criterion, names in ASPECTS.items():
        mine = declared.get(criterion) or {}
        for aspect in mine:
            where = place.key("aspects").key(criterion).key(aspect)
            if aspect not in names:
                checker.report(f"{where} is no aspect{meant(aspect, names)}; known are {listed(names)}.")
            elif (criterion, aspect) in COMPUTED:
                checker.report(
                    f"{where} is computed; say {'languages' if aspect == 'languages' else 'residency'} instead."
                )
        known = {**base.get("aspects", {}).get(criterion, {}), **mine}
        aspects[criterion] = {}
        for aspect in names:
            if (criterion, aspect) not in COMPUTED:
                where = place.key("aspects").key(criterion).key(aspect)
                aspects[criterion][aspect] = _aspect(known.get(aspect), where, today, checker)
    details = {key: own.get(key, base.get(key)) for key in _DETAILS}
    shapes: dict[str, tuple[str, Any]] = {
        "languages": ("languages", list),
        "residency": ("areas", list),
        "retention": ("days", (int, float)),
    }
    for key, (inner, kind) in shapes.items():
        value = details[key]
        if value is None:
            if key != "retention":
                checker.report(f"{place} needs '{key}', with {inner} and evidence.")
        elif not isinstance(value, Mapping) or not isinstance(value.get(inner), kind):
            checker.report(f"{place.key(key)} must be a mapping with {inner} and evidence.")
        else:
            _evidence(value.get("evidence"), place.key(key), today, checker)
    prices = {price["key"]: price for price in base.get("prices", ())}
    for position, price in enumerate(own.get("prices") or ()):
        where = place.key("prices").item(position, price)
        named = price.get("key") if isinstance(price, Mapping) else None
        if not isinstance(named, str):
            checker.report(f"{where} needs 'key', its name.")
            continue
        prices[named] = _price({"item": named, **price}, where, today, checker)
    if not prices:
        checker.report(f"{place} needs prices; what costs nothing has one of 0.")
    title = own.get("title", base.get("title", name))
    return {"title": str(title), "aspects": aspects, "prices": list(prices.values()), **details}


def _aspect(declared: Any, place: Place, today: date, checker: Checker) -> dict[str, Any]:
    if not isinstance(declared, Mapping):
        checker.report(f"{place} needs a level and evidence (text, source and date).")
        return {"level": "no", "value": 0.0, "evidence": {}}
    level = declared.get("level")
    if isinstance(level, bool):  # YAML reads yes and no as these
        level = "yes" if level else "no"
    if level not in LEVELS:
        checker.report(f"{place.key('level')} must be {listed(LEVELS, 'or')}, not {shown(level)}.")
    evidence = _evidence(declared.get("evidence"), place, today, checker)
    return {"level": level, "value": LEVELS.get(str(level), 0.0), "evidence": evidence}


def _evidence(declared: Any, place: Place, today: date, checker: Checker) -> dict[str, Any]:
    """Text, source and date; anything less is no proof, and is refused."""
    entry = declared if isinstance(declared, Mapping) else {}
    missing = [key for key in ("text", "source", "date") if not str(entry.get(key) or "").strip()]
    if missing:
        checker.report(
            f"{place} is not proved: its evidence has no {listed(missing)}; say what, where it is from, and when."
        )
        return {}
    try:
        day = date.fromisoformat(str(entry["date"]))
    except ValueError:
        checker.report(
            f"{place.key('evidence').key('date')} must be written as 2026-11-27, not {shown(entry['date'])}."
        )
        return {}
    if day > today:
        checker.report(
            f"{place.key('evidence').key('date')} is {day}, which is yet to come; give the day of the look-up."
        )
    return {"text": str(entry["text"]), "source": str(entry["source"]), "date": day.isoformat()}


_PRICE_NUMBERS = ("price", "included", "included_per_host", "included_share", "included_days", "minimum", "step")


def _price(price: Mapping[str, Any], place: Place, today: date, checker: Checker) -> dict[str, Any]:
    for key in price:
        if key not in (*_PRICE_NUMBERS, "key", "item", "unit", "evidence"):
            checker.report(f"{place.key(key)} is not a known key{meant(key, _PRICE_NUMBERS)}.")
    unit = price.get("unit")
    if unit not in UNITS:
        checker.report(f"{place.key('unit')} must be {listed(UNITS, 'or')}, not {shown(unit)}{meant(unit, UNITS)}.")
    for key in _PRICE_NUMBERS:
        value = price.get(key, 0 if key != "price" else None)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < math.inf:
            checker.report(
                f"{place.key(key)} must be a number from 0 on, not {'missing' if value is None else shown(value)}."
            )
    return {**price, "evidence": _evidence(price.get("evidence"), place, today, checker)}


def _price_overrides(
    declared: Mapping[str, Any], candidates: Mapping[str, Candidate], today: date, checker: Checker
) -> None:
    """One's own prices in place of those of the list."""
    place = Place("", f"{PREFIX}prices")
    for name, prices in declared.items():
        if name not in candidates:
            if name not in CANDIDATES:  # One that is left out may keep its prices.
                checker.report(
                    f"{place.key(name)} is no candidate{meant(name, candidates)}; there are {listed(candidates)}."
                )
            continue
        by_key = {price["key"]: price for price in candidates[name]["prices"]}
        if not isinstance(prices, Mapping):
            checker.report(f"{place.key(name)} must be a mapping of prices, such as {next(iter(by_key))}, to dollars.")
            continue
        for key, value in prices.items():
            where = place.key(name).key(key)
            if key not in by_key:
                checker.report(f"{where} is none of its prices {listed(by_key)}{meant(key, by_key)}.")
            elif isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < math.inf:
                checker.report(f"{where} must be dollars from 0 on, not {shown(value)}.")
            else:
                proof = {"text": "As the inventory says.", "source": str(where), "date": today.isoformat()}
                own = {**by_key[key], "price": value, "evidence": proof}
                candidates[name]["prices"] = [own if p["key"] == key else p for p in candidates[name]["prices"]]


def _priced(candidates: Mapping[str, Candidate], there: Usage, checker: Checker) -> None:
    """Who watches browsers, and says that there are some, must know what that costs."""
    for name, candidate in candidates.items():
        offered = candidate["aspects"]["features"]["rum"]["value"] > 0
        if there.sessions and offered and not any(price["unit"] in RUM for price in candidate["prices"]):
            checker.report(
                f"{PREFIX}candidates.{name}.prices needs one in {listed(RUM, 'or')}: there are "
                f"{there.sessions:g} sessions a month (apm_evaluation_usage.rum_sessions), and no price for them."
            )


# -- what is computed -------------------------------------------------------------------------------------------------


def _compared(
    name: str,
    candidate: Candidate,
    there: Usage,
    measurements: Mapping[str, Any] | None,
    settings: Mapping[str, Any],
    today: date,
) -> dict[str, Any]:
    """One candidate with its cost, its computed aspects and its gates; its scores follow."""
    own = (measurements or {}).get("backends", {}).get(name)
    costs = cost(candidate["prices"], there.measured(own["span_bytes"]) if own else there)
    aspects = {criterion: dict(names) for criterion, names in candidate["aspects"].items()}
    aspects["stack_fit"]["languages"] = _languages(candidate["languages"], there)
    aspects["independence"]["residency"] = _residency(candidate["residency"], settings["residency"])
    retention = candidate["retention"]
    entry = {
        "name": name,
        "title": candidate["title"],
        "aspects": aspects,
        "cost": costs,
        "trial": own,
        "retention": retention,
        "warnings": [],
    }
    if retention and there.retention_days > retention["days"]:
        entry["warnings"].append(
            f"keeps spans for {retention['days']:g} days at these prices; {there.retention_days:g} are wanted."
        )
    old = [
        day
        for day in _dates(aspects, costs)
        if (today - date.fromisoformat(day)).days > _OLD_DAYS
    ]  # fmt: skip
    if old:
        entry["warnings"].append(f"{len(old)} of its proofs are older than a year, the oldest of {min(old)}.")
    entry["gates"] = [_gate(gate, entry) for gate in settings["gates"]]
    entry["eligible"] = all(gate["passed"] for gate in entry["gates"])
    return entry


def _dates(aspects: Mapping[str, Mapping[str, Any]], costs: Mapping[str, Any]) -> list[str]:
    proofs = [aspect["evidence"] for names in aspects.values() for aspect in names.values()]
    proofs += [line["evidence"] for line in costs["lines"]]
    return [proof["date"] for proof in proofs if proof.get("date")]


def _computed(value: float, text: str, evidence: Mapping[str, Any]) -> dict[str, Any]:
    level = next((name for name, number in LEVELS.items() if number == value), f"{value:.0%}")
    return {"level": level, "value": value, "computed": text, "evidence": evidence}


def _languages(known: Mapping[str, Any], there: Usage) -> dict[str, Any]:
    """The share of the services with a known language that can be instrumented without code."""
    services = sum(there.languages.values())
    if not services:
        return _computed(1.0, "No service of the catalogue says its language (apm.language).", known["evidence"])
    fit = sum(number for name, number in there.languages.items() if name in known["languages"])
    text = f"{fit} of the {services} services with a known language."
    return _computed(fit / services, text, known["evidence"])


def _residency(known: Mapping[str, Any], wanted: str) -> dict[str, Any]:
    if not wanted:
        return _computed(1.0 if known["areas"] else 0.0, "Any area will do, if it is known.", known["evidence"])
    there = wanted in known["areas"]
    return _computed(float(there), f"{wanted} is {'one' if there else 'none'} of its areas.", known["evidence"])


def _gate(gate: Mapping[str, Any], entry: Mapping[str, Any]) -> dict[str, Any]:
    """Whether a candidate passes. What was not measured does not."""
    kind = next(name for name in GATES if name in gate)
    wanted = gate[kind]
    if kind == "aspect":
        criterion, name = wanted.split(".")
        aspect = entry["aspects"][criterion][name]
        least = str(gate.get("at_least", "yes"))
        asked = GATES[kind].format(wanted, least)
        return {"asked": asked, "passed": aspect["value"] >= LEVELS[least], "found": aspect["level"]}
    asked = GATES[kind].format(wanted)
    if kind == "monthly_cost":
        found = entry["cost"]["monthly"]
        return {"asked": asked, "passed": found <= wanted, "found": f"{found:,.2f}"}
    if kind == "retention_days":
        days = (entry["retention"] or {}).get("days")
        found = "not known" if days is None else f"{days:g} days"
        return {"asked": asked, "passed": days is not None and days >= wanted, "found": found}
    measured = (entry["trial"] or {}).get(kind)
    found = "not measured" if measured is None else f"{measured:g} %"
    return {"asked": asked, "passed": measured is not None and measured <= wanted, "found": found}


def _score(compared: Sequence[dict[str, Any]], wanted: Mapping[str, float]) -> None:
    """The scores by criterion. Cost against value is relative, to the best of those that pass the gates."""
    for entry in compared:
        entry["scores"] = {
            criterion: matrix.mean(
                {name: aspect["value"] for name, aspect in entry["aspects"][criterion].items()},
                wanted if criterion == "features" else {},
            )
            for criterion in CRITERIA
            if ASPECTS[criterion]
        }
    free = [entry for entry in compared if entry["eligible"]]
    for entry in compared:
        others = [other for other in free if other is not entry]
        ratios = matrix.value_for_money(
            {other["name"]: other["cost"]["monthly"] for other in [entry, *others]},
            {other["name"]: other["scores"]["features"] / matrix.FULL for other in [entry, *others]},
        )
        entry["scores"]["cost_value"] = ratios[entry["name"]]
        entry["scores"] = {criterion: round(entry["scores"][criterion], 4) for criterion in CRITERIA}


def _conclusion(
    compared: Sequence[Mapping[str, Any]],
    order: Sequence[Sequence[str]],
    table: matrix.Table,
    weights: matrix.Weights,
    change: float,
) -> str:
    titles = {entry["name"]: entry["title"] for entry in compared}
    if not order:
        return "No candidate passes all gates: lift one, or add a candidate."
    if len(order[0]) > 1:
        return f"{listed([titles[name] for name in order[0]])} are level; the weights do not tell them apart."
    first = titles[order[0][0]]
    if len(table) == 1:
        return f"{first} is the only one that passes all gates."
    lost = sorted(
        {str(v["criterion"]) for v in matrix.variations(table, weights, change) if not v["same_winner"]},
        key=list(CRITERIA).index,
    )
    if not lost:
        return f"{first} is first, and stays so with each weight {change * 100:g} % smaller or greater."
    return f"{first} is first, but not with {change * 100:g} % less or more weight on {listed(lost, 'or')}."
