# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The evaluation: what is declared, gates, scores, and what is refused."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.kumawatch.monitoring.plugins.module_utils._apm import matrix
from ansible_collections.kumawatch.monitoring.plugins.module_utils._apm.candidates import (
    ASPECTS,
    CANDIDATES,
    COMPUTED,
    CRITERIA,
)
from ansible_collections.kumawatch.monitoring.plugins.module_utils._apm.cost import UNITS
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.catalogue import CatalogueError
from tests.unit.plugins.module_utils._apm.examples import PROOF, SERVICES, TRIAL, candidate, evaluated, options


def entry(result: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in result["candidates"] if one["name"] == name)
    return found


def refused(measured: Any = None, **variables: Any) -> list[str]:
    with pytest.raises(CatalogueError) as caught:
        evaluated(measured, **variables)
    return [str(problem) for problem in caught.value.problems]


# -- the data that comes with it --------------------------------------------------------------------------------------


def test_everything_that_comes_with_it_is_proved_and_complete() -> None:
    """The same check that an inventory's candidates go through: each level and price has text, source and date."""
    result = evaluated()
    assert sorted(one["name"] for one in result["candidates"]) == sorted(CANDIDATES)
    for one in result["candidates"]:
        for criterion, names in ASPECTS.items():
            assert set(one["aspects"][criterion]) == set(names)
            for aspect in one["aspects"][criterion].values():
                assert aspect["evidence"]["text"]
                assert aspect["evidence"]["source"].startswith("https://")
                assert date.fromisoformat(aspect["evidence"]["date"])


def test_the_role_knows_the_same_criteria_and_features() -> None:
    spec = options()
    assert set(spec["apm_evaluation_weights"]["options"]) == set(CRITERIA)
    assert set(spec["apm_evaluation_features"]["options"]) == set(ASPECTS["features"])
    assert all(price["unit"] in UNITS for one in CANDIDATES.values() for price in one["prices"])
    assert {criterion for criterion, _aspect in COMPUTED} < set(CRITERIA)


def test_the_result_is_plain_data() -> None:
    assert json.loads(json.dumps(evaluated(TRIAL), allow_nan=False))["environment"] == "production"


# -- scores -----------------------------------------------------------------------------------------------------------


def test_a_candidate_that_can_do_everything_for_little_is_first_with_full_marks() -> None:
    result = evaluated(candidates={"ours": candidate()}, residency="eu")
    ours = entry(result, "ours")
    assert result["ranking"][0] == ["ours"]
    assert ours["scores"] == dict.fromkeys(CRITERIA, 5.0)
    assert (ours["total"], ours["place"]) == (5.0, 1)
    assert result["conclusion"] == "Ours is first, and stays so with each weight 20 % smaller or greater."


def test_languages_count_by_the_services_that_are_written_in_them() -> None:
    # Python of api and Go of shop; zero-code instrumentation of AWS has no Go.
    aspect = entry(evaluated(), "xray")["aspects"]["stack_fit"]["languages"]
    assert (aspect["value"], aspect["level"]) == (0.5, "partly")
    assert aspect["computed"] == "1 of the 2 services with a known language."
    silent = [{**service, "apm": {}} for service in SERVICES]
    assert entry(evaluated(services=silent), "xray")["aspects"]["stack_fit"]["languages"]["value"] == 1


def test_residency_is_asked_of_each() -> None:
    result = evaluated(residency="eu")
    levels = {one["name"]: one["aspects"]["independence"]["residency"]["level"] for one in result["candidates"]}
    assert levels["newrelic"] == "yes"
    assert levels["dynatrace"] == "no"  # Nothing was found: somebody has to ask.
    assert entry(evaluated(residency="mars"), "newrelic")["aspects"]["independence"]["residency"]["level"] == "no"


def test_features_that_nobody_wants_do_not_count() -> None:
    without = entry(evaluated(features={"profiling": 0}), "newrelic")["scores"]["features"]
    assert without == 5.0
    assert entry(evaluated(features={"profiling": 100}), "newrelic")["scores"]["features"] < 1


def test_a_known_candidate_can_be_known_better() -> None:
    better = {"xray": {"aspects": {"features": {"errors": {"level": True, "evidence": PROOF}}}}}
    result = evaluated(candidates=better)
    aspect = entry(result, "xray")["aspects"]["features"]["errors"]
    assert (aspect["level"], aspect["evidence"]) == ("yes", PROOF)
    assert entry(result, "xray")["aspects"]["features"]["rum"]["level"] == "yes"


def test_ones_own_prices_replace_those_of_the_list_and_say_so() -> None:
    bill = entry(evaluated(prices={"datadog": {"apm_host": 20.5}}), "datadog")["cost"]
    line = next(line for line in bill["lines"] if line["key"] == "apm_host")
    assert (line["price"], line["amount"]) == (20.5, 41)
    assert line["evidence"]["source"] == "apm_evaluation_prices.datadog.apm_host"
    assert bill["monthly"] == 2 * 20.5 + 2 * 15


@settings(max_examples=25, deadline=None)
@given(
    st.fixed_dictionaries({name: st.integers(0, 50) for name in CRITERIA}).filter(lambda found: any(found.values())),
    st.sampled_from([0.01, 7, 1000]),
)
def test_the_ranking_is_that_of_proportions(weights: dict[str, int], factor: float) -> None:
    scaled = {name: weight * factor for name, weight in weights.items()}
    assert evaluated(weights=scaled)["ranking"] == evaluated(weights=weights)["ranking"]


# -- gates ------------------------------------------------------------------------------------------------------------


def test_who_fails_a_gate_is_shut_out_and_says_why() -> None:
    result = evaluated(gates=[{"aspect": "features.profiling", "at_least": "partly"}])
    assert [name for place in result["ranking"] for name in place] == ["xray", "datadog", "dynatrace_full_stack"]
    out = entry(result, "newrelic")
    assert (out["eligible"], out["place"]) == (False, None)
    assert out["gates"] == [{"asked": "features.profiling at least partly", "passed": False, "found": "no"}]
    assert result["candidates"][-1]["place"] is None


@pytest.mark.parametrize(
    ("gate", "passing"),
    [
        ({"monthly_cost": 92}, {"xray", "dynatrace", "datadog", "dynatrace_full_stack"}),
        ({"monthly_cost": 91.99}, {"xray", "dynatrace", "dynatrace_full_stack"}),
        ({"retention_days": 15}, {"xray", "datadog"}),
        ({"aspect": "independence.residency"}, {"xray", "newrelic", "datadog"}),
        ({"overhead_percent": 5}, {"xray"}),
        ({"spans_lost_percent": 1}, {"xray", "newrelic"}),
    ],
)
def test_gates(gate: dict[str, Any], passing: set[str]) -> None:
    # Little traffic, so that hosts and users decide what it costs.
    result = evaluated(TRIAL, gates=[gate], residency="eu", usage={"requests_per_minute": 1})
    assert {name for place in result["ranking"] for name in place} == passing


def test_what_was_not_measured_fails_its_gate() -> None:
    result = evaluated(gates=[{"overhead_percent": 50}])
    assert result["ranking"] == []
    assert entry(result, "xray")["gates"][0]["found"] == "not measured"
    assert result["conclusion"] == "No candidate passes all gates: lift one, or add a candidate."
    assert result["sensitivity"]["variations"] == []


def test_who_is_shut_out_does_not_sway_the_others() -> None:
    """Value for money is relative: a bargain that nobody may take must not be what it is measured by."""
    bargain = candidate(prices=[{"key": "machine", "unit": "month", "price": 0.01, "evidence": PROOF}])
    bargain["aspects"]["stack_fit"]["otlp"] = {"level": "no", "evidence": PROOF}
    alone, beside = evaluated(), evaluated(candidates={"bargain": bargain})
    assert entry(beside, "bargain")["place"] is None
    assert beside["ranking"] == alone["ranking"]
    for name in CANDIDATES:
        assert entry(beside, name)["scores"] == entry(alone, name)["scores"]


def test_the_only_one_left_is_no_winner_by_points() -> None:
    result = evaluated(gates=[{"retention_days": 1000}])
    assert result["conclusion"].endswith("is the only one that passes all gates.")


def test_equals_are_said_to_be_level() -> None:
    both = {"ours": candidate(), "theirs": candidate(title="Theirs")}
    assert evaluated(candidates=both, compare=["ours", "theirs"])["conclusion"] == (
        "Ours and Theirs are level; the weights do not tell them apart."
    )


def test_a_first_place_that_hangs_on_a_weight_is_said_to() -> None:
    dear = candidate(title="Dear", prices=[{"key": "machine", "unit": "month", "price": 20, "evidence": PROOF}])
    plain = candidate(title="Plain")
    plain["aspects"] = {**plain["aspects"], "integration": {}}
    for name in ASPECTS["integration"]:
        plain["aspects"]["integration"][name] = {"level": "partly", "evidence": PROOF}
    result = evaluated(
        candidates={"dear": dear, "plain": plain},
        compare=["dear", "plain"],
        weights={"cost_value": 20, "integration": 18},
    )
    assert result["conclusion"] == (
        "Plain is first, but not with 20 % less or more weight on cost_value or integration."
    )
    point = result["sensitivity"]["tipping_points"]["cost_value"]
    assert (round(point["weight"], 6), point["winner"]) == (18, "dear")


# -- trial ------------------------------------------------------------------------------------------------------------


def test_measurements_are_shown_and_their_span_size_is_what_costs() -> None:
    result = evaluated(TRIAL)
    xray, newrelic, datadog = (entry(result, name) for name in ("xray", "newrelic", "datadog"))
    assert xray["trial"]["overhead_percent"] == 2.5
    assert newrelic["trial"]["spans_lost_percent"] == 1.0
    assert xray["trial"]["gb_a_day"] == 1.44
    assert datadog["trial"] is None
    line = next(line for line in xray["cost"]["lines"] if line["key"] == "spans")
    assert line["quantity"] == pytest.approx(result["usage"]["gb"] * 0.6, abs=0.01)
    line = next(line for line in datadog["cost"]["lines"] if line["key"] == "ingested")
    assert line["quantity"] == result["usage"]["gb"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            {"format": 2},
            "the trial's file has no format 1; give apm_evaluation_trial the file that a trial has written.",
        ),
        ({"source": " "}, "the trial's file needs 'source': what nobody signs proves nothing."),
        ({"seconds": 0}, "the trial's file: seconds must be a number above 0, not 0."),
        ({"seconds": float("nan")}, "the trial's file: seconds must be a number above 0, not nan."),
        ({"baseline": {}}, "the trial's file: baseline.p95_ms must be a number above 0, not missing."),
        ({"backends": {}}, "the trial's file has no backends; run the trial with at least one."),
        (
            {"backends": {"xry": {}}},
            "the trial's file: backends.xry is none of the candidates xray, newrelic, datadog, dynatrace and "
            "dynatrace_full_stack (did you mean 'xray'?).",
        ),
        (
            {"backends": {"xray": {"p95_ms": 1, "spans_sent": 1, "spans_arrived": 2, "bytes": 0}}},
            "the trial's file: backends.xray: more spans arrived than were sent; count those of the trial alone.",
        ),
    ],
)
def test_a_trial_that_cannot_be_right_is_refused(change: dict[str, Any], sentence: str) -> None:
    assert refused({**TRIAL, **change}) == [sentence]
    assert refused([1])[0].startswith("the trial's file has no format 1")


# -- what is refused --------------------------------------------------------------------------------------------------


def with_aspect(**aspect: Any) -> dict[str, Any]:
    return {"xray": {"aspects": {"features": {"errors": aspect}}}}


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        (
            {"candidates": with_aspect(level="yes")},
            "apm_evaluation_candidates.xray.aspects.features.errors is not proved: its evidence has no text, "
            "source and "
            "date; say what, where it is from, and when.",
        ),
        (
            {"candidates": with_aspect(level="yes", evidence={**PROOF, "source": ""})},
            "apm_evaluation_candidates.xray.aspects.features.errors is not proved: its evidence has no source; "
            "say what, "
            "where it is from, and when.",
        ),
        (
            {"candidates": with_aspect(level="yes", evidence={**PROOF, "date": "lately"})},
            "apm_evaluation_candidates.xray.aspects.features.errors.evidence.date must be written as 2026-11-27, not "
            "'lately'.",
        ),
        (
            {"candidates": with_aspect(level="yes", evidence={**PROOF, "date": date(2027, 1, 1)})},
            "apm_evaluation_candidates.xray.aspects.features.errors.evidence.date is 2027-01-01, which is yet to come; "
            "give the day of the look-up.",
        ),
        (
            {"candidates": with_aspect(level="often", evidence=PROOF)},
            "apm_evaluation_candidates.xray.aspects.features.errors.level must be yes, partly or no, not 'often'.",
        ),
        (
            {"candidates": {"xray": {"aspects": {"features": {"eror": {"level": "yes"}}}}}},
            "apm_evaluation_candidates.xray.aspects.features.eror is no aspect (did you mean 'errors'?); known are "
            "tracing, errors, profiling, rum and slo.",
        ),
        (
            {"candidates": {"xray": {"aspects": {"stack_fit": {"languages": {"level": "yes"}}}}}},
            "apm_evaluation_candidates.xray.aspects.stack_fit.languages is computed; say languages instead.",
        ),
        (
            {"candidates": {"xray": {"prices": [{"key": "x", "unit": "gigabyte", "price": 1, "evidence": PROOF}]}}},
            "apm_evaluation_candidates.xray.prices[1].unit must be month, host, user, memory_gib_hour, gb, gib, "
            "gb_month, "
            "gib_day, million_spans, million_traces, million_indexed_spans, rum_thousand_sessions, "
            "rum_hundred_thousand_events or rum_gb, not 'gigabyte'.",
        ),
        (
            {"compare": ["xray", "newrelics"]},
            "apm_evaluation_compare names 'newrelics', which is no candidate (did you mean 'newrelic'?); "
            "describe it in "
            "apm_evaluation_candidates, or correct the name.",
        ),
        (
            {"prices": {"datadog": {"apmhost": 1}}},
            "apm_evaluation_prices.datadog.apmhost is none of its prices infrastructure_host, apm_host, ingested and "
            "indexed (did you mean 'apm_host'?).",
        ),
        (
            {"prices": {"datadog": {"apm_host": -1}}},
            "apm_evaluation_prices.datadog.apm_host must be dollars from 0 on, not -1.",
        ),
        (
            {"prices": {"datadgo": {"apm_host": 1}}},
            "apm_evaluation_prices.datadgo is no candidate (did you mean 'datadog'?); there are xray, newrelic, "
            "datadog, "
            "dynatrace and dynatrace_full_stack.",
        ),
        ({"weights": {"support": -1}}, "apm_evaluation_weights.support must be a number from 0 on, not -1."),
        (
            {"weights": dict.fromkeys(CRITERIA, 0)},
            "apm_evaluation_weights are all 0; give at least one criterion a weight.",
        ),
        (
            {"weights": {"suport": 1}},
            "apm_evaluation_weights.suport is not a known key; did you mean 'support'?",
        ),
        ({"usage": {"sample": 2}}, "apm_evaluation_usage.sample must be a number from 0 to 1, not 2."),
        ({"usage": {"users": -2}}, "apm_evaluation_usage.users must be a number from 0 on, not -2."),
        (
            {"usage": {"rum_sessions": 1000}},
            "apm_evaluation_candidates.datadog.prices needs one in rum_thousand_sessions, "
            "rum_hundred_thousand_events or "
            "rum_gb: there are 1000 sessions a month (apm_evaluation_usage.rum_sessions), and no price for them.",
        ),
        (
            {"gates": [{"monthly_cost": 1, "retention_days": 1}]},
            "apm_evaluation_gates[1] must have one of aspect, monthly_cost, retention_days, overhead_percent and "
            "spans_lost_percent, not 2.",
        ),
    ],
)
def test_each_mistake_is_one_sentence(variables: dict[str, Any], sentence: str) -> None:
    assert refused(**variables) == [sentence]


def test_a_gate_on_what_there_is_not_names_what_is_meant() -> None:
    (sentence,) = refused(gates=[{"aspect": "features.profilng"}])
    assert "'features.profilng', which is no aspect (did you mean 'features.profiling'?)" in sentence


def test_a_candidate_of_ones_own_must_be_complete() -> None:
    sentences = refused(candidates={"ours": {"title": "Ours"}})
    assert "apm_evaluation_candidates.ours needs prices; what costs nothing has one of 0." in sentences
    assert "apm_evaluation_candidates.ours needs 'languages', with languages and evidence." in sentences
    proofs = sum(len(names) for names in ASPECTS.values()) - len(COMPUTED)
    assert len([sentence for sentence in sentences if "needs a level and evidence" in sentence]) == proofs


def test_old_proofs_and_short_retention_are_warned_of() -> None:
    old = candidate()
    old["residency"] = {"areas": ["eu"], "evidence": {**PROOF, "date": "2024-02-01"}}
    result = evaluated(candidates={"ours": old}, usage={"retention_days": 120})
    assert entry(result, "ours")["warnings"] == [
        "keeps spans for 90 days at these prices; 120 are wanted.",
        "1 of its proofs are older than a year, the oldest of 2024-02-01.",
    ]


def test_a_total_is_the_weighted_mean_of_what_is_shown() -> None:
    result = evaluated()
    weights = {criterion["name"]: criterion["weight"] for criterion in result["criteria"]}
    for one in result["candidates"]:
        assert one["total"] == matrix.total(one["scores"], weights)
