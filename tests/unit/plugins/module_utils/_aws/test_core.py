# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The edge to AWS: what errors mean, how fast is called, what is tried again, and how a run ends."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws import session
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws import tags as tagging
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.bulk import SETTLING, Kind, reconcile
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.errors import (
    ApiError,
    Fate,
    Verdict,
    read,
    sentence,
    throttled,
)
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.pace import RATES, USUAL_RATE, Pace
from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.session import Aws
from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import KumawatchError
from ansible_collections.kumawatch.monitoring.plugins.module_utils._reconcile import (
    Actual,
    Change,
    Create,
    Delete,
    Desired,
    Plan,
)

exceptions = pytest.importorskip("botocore.exceptions")
parsers = pytest.importorskip("botocore.parsers")


def answered(code: str, status: int = 400, message: str = "said AWS") -> Exception:
    """The error of a call that was answered."""
    response = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    error: Exception = exceptions.ClientError(response, "PutMetricAlarm")
    return error


URL = "http://127.0.0.1:1/"
ERRORS: list[tuple[Exception, Fate, bool, str]] = [
    (answered("Throttling"), Fate.LATER, True, "throttles PutMetricAlarm (Throttling)"),
    (answered("Whatever", 429), Fate.LATER, True, "throttles PutMetricAlarm"),
    (answered("ConflictException"), Fate.LATER, True, "another change was in the way"),
    (answered("InternalFailure", 500), Fate.LOST, True, "it is not known whether it was done"),
    (answered("ServiceUnavailable", 503), Fate.LOST, True, "it is not known whether it was done"),
    (answered("ValidationError"), Fate.REFUSED, True, "refused PutMetricAlarm (ValidationError: said AWS)"),
    (answered("AccessDenied", 403), Fate.REFUSED, True, "allow cloudwatch:PutMetricAlarm in the policy"),
    (answered("InvalidClientTokenId", 403), Fate.REFUSED, True, "does not accept the credentials"),
    (answered("UnknownOperationException", 501), Fate.REFUSED, True, "does not know PutMetricAlarm"),
    (exceptions.EndpointConnectionError(endpoint_url=URL), Fate.UNREACHABLE, False, "cannot be reached"),
    (exceptions.ConnectTimeoutError(endpoint_url=URL), Fate.UNREACHABLE, False, "cannot be reached"),
    (exceptions.ProxyConnectionError(proxy_url=URL), Fate.UNREACHABLE, False, "cannot be reached"),
    (exceptions.SSLError(endpoint_url=URL, error="self-signed"), Fate.UNREACHABLE, False, "cannot be trusted"),
    (exceptions.ConnectionClosedError(endpoint_url=URL), Fate.LOST, False, "gave no answer to PutMetricAlarm"),
    (exceptions.ReadTimeoutError(endpoint_url=URL), Fate.LOST, False, "gave no answer to PutMetricAlarm"),
    (parsers.ResponseParserError("<html>"), Fate.LOST, False, "gave no answer to PutMetricAlarm"),
    (exceptions.NoCredentialsError(), Fate.REFUSED, False, "There are no usable AWS credentials"),
    (exceptions.ParamValidationError(report="no"), Fate.REFUSED, False, "does not take this"),
]


@pytest.mark.parametrize(("error", "fate", "heard", "said"), ERRORS)
def test_what_errors_of_botocore_mean(error: Exception, fate: Fate, heard: bool, said: str) -> None:
    verdict = read(error)
    assert (verdict.fate, verdict.answered) == (fate, heard)
    text = sentence(verdict, "CloudWatch", "cloudwatch", "PutMetricAlarm", "https://there")
    assert said in text
    assert text.endswith(".")
    assert "\n" not in text


def test_an_endless_message_is_cut() -> None:
    verdict = read(answered("ValidationError", message="x " * 5000))
    assert len(sentence(verdict, "CloudWatch", "cloudwatch", "PutMetricAlarm", "https://there")) < 800


def test_an_object_that_is_busy_is_not_too_many_calls() -> None:
    assert throttled(Verdict(Fate.LATER, "Throttling", ""))
    assert not throttled(Verdict(Fate.LATER, "ConflictException", ""))


# -- the pace


def test_nobody_waits_until_aws_throttles() -> None:
    pace = Pace("PutMetricAlarm")
    assert [pace.wait(0.0) for _ in range(100)] == [0.0] * 100


def test_then_calls_are_spread_at_the_documented_rate() -> None:
    pace = Pace("PutMetricAlarm")
    pace.refused(0.0)
    assert [round(pace.wait(10.0), 3) for _ in range(4)] == [0.0, 0.333, 0.667, 1.0]
    other = Pace("ListSomething")
    other.refused(0.0)
    other.wait(10.0)
    assert other.wait(10.0) == pytest.approx(1 / USUAL_RATE)


def _rate(pace: Pace, now: float) -> float:
    pace.wait(now)
    return 1 / (pace.wait(now))


def test_calls_that_are_refused_together_slow_it_down_once() -> None:
    pace = Pace("PutMetricAlarm")
    for _ in range(8):
        pace.refused(0.0)
    assert _rate(pace, 100.0) == pytest.approx(RATES["PutMetricAlarm"])
    for _ in range(8):
        pace.refused(200.0)
    assert _rate(pace, 300.0) == pytest.approx(RATES["PutMetricAlarm"] * 0.7)


def test_it_never_stops_and_gets_as_fast_again_as_documented() -> None:
    pace = Pace("PutMetricAlarm")
    for moment in range(100):
        pace.refused(moment * 100.0)
    assert _rate(pace, 1e6) == pytest.approx(RATES["PutMetricAlarm"] * 0.3)
    for _ in range(100):
        pace.taken()
    assert _rate(pace, 2e6) == pytest.approx(RATES["PutMetricAlarm"])


# -- calls


class Clock:
    """Time that passes by sleeping only; threads may share it."""

    def __init__(self) -> None:
        self.now = 1000.0
        self._lock = threading.Lock()

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.now += seconds


class Client:
    """A client of botocore whose calls end as the test says."""

    def __init__(self, ends: Callable[[int], Exception | dict[str, Any]]) -> None:
        self._ends = ends
        self.calls = 0
        self.meta = type("Meta", (), {"endpoint_url": URL, "region_name": "eu-central-1", "partition": "aws"})

    def __getattr__(self, name: str) -> Callable[..., dict[str, Any]]:
        def method(**_parameters: Any) -> dict[str, Any]:
            self.calls += 1
            end = self._ends(self.calls)
            if isinstance(end, Exception):
                raise end
            return end

        return method


class Module:
    """AnsibleAWSModule as far as it is needed."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.config: dict[str, Any] = {}

    def client(self, service: str, config: dict[str, Any]) -> Client:
        self.config = config
        return self._client


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(session, "time", clock)
    return clock


def edge(ends: Callable[[int], Exception | dict[str, Any]], patience: float = 120.0) -> tuple[Aws, Client]:
    client = Client(ends)
    return Aws(Module(client), patience), client  # type: ignore[arg-type]


@pytest.mark.parametrize("error", [answered("Throttling"), exceptions.EndpointConnectionError(endpoint_url=URL)])
def test_what_was_not_done_is_tried_again(clock: Clock, error: Exception) -> None:
    aws, client = edge(lambda number: error if number < 4 else {"ok": number})
    assert aws.call("cloudwatch", "PutMetricAlarm") == {"ok": 4}
    assert client.calls == 4


def test_a_read_whose_answer_was_lost_is_tried_again_and_a_write_is_not(clock: Clock) -> None:
    lost = exceptions.ConnectionClosedError(endpoint_url=URL)
    aws, client = edge(lambda number: lost if number == 1 else {"ok": number})
    assert aws.call("cloudwatch", "DescribeAlarms") == {"ok": 2}
    aws, client = edge(lambda number: lost if number == 1 else {"ok": number})
    with pytest.raises(ApiError) as caught:
        aws.call("cloudwatch", "PutMetricAlarm")
    assert (caught.value.fate, client.calls) == (Fate.LOST, 1)


def test_what_is_refused_is_not_tried_again(clock: Clock) -> None:
    aws, client = edge(lambda number: answered("ValidationError"))
    with pytest.raises(ApiError):
        aws.call("cloudwatch", "PutMetricAlarm")
    assert client.calls == 1


# A pause of chance length that patience would not outlast is not begun: the last one may be two thirds of it all.
@pytest.mark.parametrize(
    ("first", "error", "least", "most"),
    [
        ({}, answered("Throttling"), 100, 121),
        ({}, exceptions.EndpointConnectionError(endpoint_url=URL), 100, 121),
        # Misspelt rather than away.
        (None, exceptions.EndpointConnectionError(endpoint_url=URL), 3, 11),
        ({}, answered("ConflictException"), 6, 16),
    ],
    ids=["throttled", "gone", "never there", "busy"],
)
def test_patience_ends(clock: Clock, first: dict[str, Any] | None, error: Exception, least: float, most: float) -> None:
    aws, _client = edge(lambda number: first if number == 1 and first is not None else error)
    if first is not None:
        aws.call("cloudwatch", "PutMetricAlarm")
    began = clock.now
    with pytest.raises(ApiError):
        aws.call("cloudwatch", "PutMetricAlarm")
    assert least <= clock.now - began <= most


def test_waiting_for_ones_turn_costs_no_patience(clock: Clock) -> None:
    aws, client = edge(lambda number: answered("Throttling") if number == 1 else {}, patience=5)
    aws.call("cloudwatch", "PutMetricAlarm")
    pace = aws._pace("cloudwatch", "PutMetricAlarm")
    for _ in range(60):
        pace.wait(clock.now)
    began = clock.now
    client._ends = lambda number: answered("Throttling") if number < 5 else {}
    client.calls = 0
    aws.call("cloudwatch", "PutMetricAlarm")
    assert clock.now - began > 20


def test_botocore_itself_tries_once(clock: Clock) -> None:
    client = Client(lambda number: {})
    module = Module(client)
    Aws(module).call("cloudwatch", "PutMetricAlarm")  # type: ignore[arg-type]
    assert module.config["retries"]["total_max_attempts"] == 1


def test_pages_of_several_kinds(clock: Clock) -> None:
    answers = [{"A": [{"n": 1}], "B": [{"n": 2}], "NextToken": "x"}, {"A": [], "B": [{"n": 3}]}]
    aws, _client = edge(lambda number: answers[number - 1])
    assert [item["n"] for item in aws.pages("cloudwatch", "DescribeAlarms", ("A", "B"))] == [1, 2, 3]


# -- tags


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"a b": "Größe_1.2:3/4=5+6-7@8"}, ""),
        ({"": "x"}, "has a key of 0 characters"),
        ({"a": "x;y"}, "has 'x;y' (tag 'a'), and tags hold letters, digits, spaces"),
        ({"AWS:x": "y"}, "keys that begin with aws: are Amazon's own"),
    ],
)
def test_tags_that_aws_takes(given: dict[str, str], said: str) -> None:
    problem = tagging.problem(given)
    assert problem.startswith(said) if not said else said in problem
    assert bool(problem) is bool(said)


@pytest.mark.parametrize("code", ["AccessDeniedException", "UnknownOperationException", "InvalidAction"])
def test_an_endpoint_without_an_index_of_tags(clock: Clock, code: str) -> None:
    aws, _client = edge(lambda number: answered(code))
    assert tagging.tags_by_arn(aws, ["cloudwatch:alarm"]) is None


def test_an_index_that_refuses_for_another_reason_is_no_missing_index(clock: Clock) -> None:
    aws, _client = edge(lambda number: answered("ExpiredToken", 403))
    with pytest.raises(ApiError):
        tagging.tags_by_arn(aws, ["cloudwatch:alarm"])


# -- runs


class Shelf(Kind):
    """Boxes on a shelf in memory; ``fate`` says how a change ends, by the number of its call."""

    noun = "box"

    def __init__(self, wanted: Sequence[str], there: Sequence[str] = (), fate: Any = lambda name, call: None) -> None:
        super().__init__()
        self.owner = None
        self.wanted = wanted
        self.there = set(there)
        self.fate = fate
        self.made: list[str] = []
        self.reads = 0
        self.unreadable_from = 10**9
        self.size = 1
        self.late = 0
        self._shown = set(there)

    def desired(self, known: Any) -> list[Desired]:
        names = [(name.lstrip("-"), "absent" if name.startswith("-") else "present") for name in self.wanted]
        return [Desired(name, name, place, {}, state) for place, (name, state) in enumerate(names)]

    def read(self, aws: Any) -> list[Actual]:
        self.reads += 1
        if self.reads >= self.unreadable_from:
            raise ApiError("CloudWatch cannot be reached.", fate=Fate.UNREACHABLE)
        if self.reads > 1 + self.late:
            self._shown = set(self.there)
        return [Actual(name, name, name) for name in sorted(self._shown)]

    def batches(self, stage: Sequence[Change]) -> list[Sequence[Change]]:
        return [stage[start : start + self.size] for start in range(0, len(stage), self.size)]

    def apply_batch(self, aws: Any, batch: Sequence[Change]) -> None:
        """All of a batch or nothing."""
        self.made.append("+".join(change.label for change in batch))
        errors = [self.fate(change.label, len(self.made)) for change in batch]
        before = [error for error in errors if error is not None and error[0] == "before"]
        if not before:
            for change in batch:
                self.apply(aws, change)
        for error in errors:
            if error is not None:
                raise error[1]

    def apply(self, aws: Any, change: Change) -> None:
        if isinstance(change, Delete):
            self.there.discard(change.key)
        else:
            self.there.add(change.key)


def go(shelf: Shelf) -> tuple[Any, list[float]]:
    slept: list[float] = []
    return reconcile(None, shelf, check_mode=False, sleep=slept.append), slept  # type: ignore[arg-type]


def fault(fate: Fate, message: str = "broken.") -> ApiError:
    return ApiError(message, fate=fate)


def test_a_run_looks_once_more_and_is_done() -> None:
    shelf = Shelf(["a", "b", "-c"], ["c", "d"])
    outcome, slept = go(shelf)
    assert (outcome.error, shelf.there, shelf.reads, slept) == ("", {"a", "b", "d"}, 2, [0.0])
    assert [change.label for change in outcome.plan.changes] == ["a", "b", "c"]


def test_a_run_without_changes_reads_once() -> None:
    shelf = Shelf(["a"], ["a"])
    go(shelf)
    assert (shelf.reads, shelf.made) == (1, [])


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_lost_answer_is_made_again_only_where_it_was_not_done(when: str) -> None:
    lost = {"b": 1}

    def fate(name: str, call: int) -> Any:
        return (when, fault(Fate.LOST)) if lost.pop(name, None) else None

    shelf = Shelf(["a", "b", "c"], fate=fate)
    outcome, _slept = go(shelf)
    assert (outcome.error, outcome.failures, shelf.there) == ("", [], {"a", "b", "c"})
    assert shelf.made.count("b") == (2 if when == "before" else 1)


def test_answers_that_are_always_lost_end_in_a_failure() -> None:
    shelf = Shelf(["a", "b"], fate=lambda name, call: ("before", fault(Fate.LOST)) if name == "a" else None)
    outcome, _slept = go(shelf)
    assert [failure["name"] for failure in outcome.failures] == ["a"]
    assert outcome.error == "box 'a': broken."
    assert shelf.made.count("a") == 4


def test_an_endpoint_that_goes_away_ends_the_run() -> None:
    names = [f"box {number:03}" for number in range(200)]
    shelf = Shelf(names, fate=lambda name, call: ("before", fault(Fate.UNREACHABLE, "Gone.")) if call > 50 else None)
    outcome, _slept = go(shelf)
    done = len(shelf.there)
    assert 40 <= done <= 50
    assert outcome.error == f"Gone after {done} of 200 changes: run the task again to make the rest."
    assert len(outcome.failures) == 200 - done
    # Those that were under way, and not one after them.
    assert len(shelf.made) <= 50 + session.WORKERS
    result = outcome.result(shelf)
    assert (len(result["created"]), result["changed"]) == (done, True)
    again = Shelf(names, sorted(shelf.there))
    outcome, _slept = go(again)
    assert (outcome.error, len(again.made), again.there) == ("", 200 - done, set(names))


def test_an_endpoint_that_is_gone_when_it_is_looked_at_what_came_of_it() -> None:
    shelf = Shelf(["a", "b"], fate=lambda name, call: ("after", fault(Fate.LOST)) if name == "b" else None)
    shelf.unreadable_from = 2
    outcome, _slept = go(shelf)
    assert outcome.error == (
        "1 of 2 changes were made, but what came of them could not be read: CloudWatch cannot be reached; "
        "run the task again."
    )
    assert outcome.result(shelf)["created"] == ["a"]
    assert outcome.failures == [{"name": "b", "error": "broken."}]


def test_what_is_shown_late_is_waited_for() -> None:
    shelf = Shelf(["a"])
    shelf.late = 3
    outcome, slept = go(shelf)
    assert (outcome.error, slept) == ("", list(SETTLING[:4]))


def test_what_never_shows_is_told() -> None:
    shelf = Shelf(["a", "b"])
    shelf.late = 99
    outcome, slept = go(shelf)
    assert slept == list(SETTLING)
    assert outcome.error.startswith("box 'a': was created, but is not on the server")
    assert len(outcome.failures) == 2


def test_a_failure_is_not_waited_for() -> None:
    shelf = Shelf(["a", "b"], fate=lambda name, call: ("before", fault(Fate.REFUSED)) if name == "a" else None)
    outcome, slept = go(shelf)
    assert (outcome.error, slept) == ("box 'a': broken.", [0.0])


def test_the_others_of_a_batch_do_not_suffer_for_one() -> None:
    shelf = Shelf(
        [f"box {number}" for number in range(10)],
        fate=lambda name, call: ("before", fault(Fate.REFUSED)) if name == "box 3" else None,
    )
    shelf.size = 5
    outcome, _slept = go(shelf)
    assert [failure["name"] for failure in outcome.failures] == ["box 3"]
    assert len(shelf.there) == 9
    assert len(shelf.made) == 2 + 5


def test_a_sentence_of_our_own_is_a_failure_like_others() -> None:
    class Careful(Shelf):
        def apply(self, aws: Any, change: Change) -> None:
            raise KumawatchError("not today.")

    outcome, _slept = go(Careful(["a"]))
    assert outcome.failures == [{"name": "a", "error": "not today."}]


def test_failures_come_in_the_order_of_the_plan() -> None:
    names = [f"box {number}" for number in range(20)]
    shelf = Shelf(names, fate=lambda name, call: ("before", fault(Fate.REFUSED)))
    outcome, _slept = go(shelf)
    assert [failure["name"] for failure in outcome.failures] == [change.label for change in outcome.plan.changes]
    assert isinstance(outcome.plan, Plan)
    assert all(isinstance(change, Create) for change in outcome.plan.changes)
