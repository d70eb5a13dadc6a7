# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The run that every bulk module for AWS shares: check, read by the page, plan, apply in stages, verify, report.

A module says what its kind of object is (:class:`Kind`) and nothing of how a run goes.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, ClassVar

from .._contract import ownership_args
from .._errors import KumawatchError
from .._outcome import Failure, Outcome, not_kept, summed_up
from .._progress import Progress
from .._reconcile import Actual, Change, Create, Delete, Desired, Plan, Update, check_unique, plan
from .errors import ApiError, Fate
from .session import PATIENCE, WORKERS, Aws, Known

if TYPE_CHECKING:
    from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

ROUNDS = 4
"""How often changes whose answers were lost are looked at again and, where they were not made, made again."""

SETTLING = (0.0, 0.5, 1.0, 2.0, 4.0)
"""Seconds before each look at what was written: AWS may show it late."""


class Kind(ABC):
    """One kind of object in an account.

    ``desired``, ``equal`` and ``stages`` decide and are pure; ``read`` and ``apply`` call AWS.
    """

    #: What one object is called in messages.
    noun: ClassVar[str]
    #: Properties whose values nobody may see.
    secrets: Collection[str] = frozenset()

    #: The mark of ownership; ``None`` leaves objects unmarked, and then nothing is purged.
    owner: str | None = None
    purge: bool = False
    max_deletions: int | None = None

    #: What the module has to say besides the result.
    warnings: list[str]

    def __init__(self) -> None:
        self.warnings = []

    @abstractmethod
    def desired(self, known: Known) -> list[Desired]:
        """The declared entries, checked; nothing has been read yet."""

    @abstractmethod
    def read(self, aws: Aws) -> list[Actual]:
        """What exists: one call a page, whatever the number of entries."""

    def check(self, desired: Sequence[Desired], actual: Sequence[Actual]) -> None:
        """Refuse what only what exists can show to be wrong, such as a reference to nothing."""

    def equal(self, name: str, before: Any, after: Any) -> bool:
        """Whether two values of one property mean the same."""
        return bool(before == after)

    def plan(self, desired: Sequence[Desired], actual: Sequence[Actual]) -> Plan:
        """Compare the two."""
        return plan(
            desired,
            actual,
            noun=self.noun,
            owner=self.owner,
            purge=self.purge,
            max_deletions=self.max_deletions,
            equal=self.equal,
        )

    def stages(self, decided: Plan) -> list[Sequence[Change]]:
        """The changes in the order of their dependencies; those of one stage run side by side."""
        return [decided.create, decided.update, decided.delete]

    @abstractmethod
    def apply(self, aws: Aws, change: Change) -> None:
        """Make one change. It may run beside others and must be harmless when it is made twice."""

    def batches(self, stage: Sequence[Change]) -> list[Sequence[Change]]:
        """What one call of :meth:`apply_batch` makes; one change each unless an operation takes many."""
        return [[change] for change in stage]

    def apply_batch(self, aws: Aws, batch: Sequence[Change]) -> None:
        """Make the changes of a batch."""
        for change in batch:
            self.apply(aws, change)

    def show(self, name: str, value: Any) -> Any:
        """A property's value as a reader of the diff knows it."""
        return value

    def returns(self) -> dict[str, Any]:
        """What the module returns besides what all bulk modules do."""
        return {}


def reconcile(aws: Aws, kind: Kind, *, check_mode: bool, sleep: Callable[[float], None] = time.sleep) -> Outcome:
    """Bring the account to what ``kind`` declares; in check mode only say what that would take."""
    desired = kind.desired(aws)
    check_unique(desired, kind.noun)
    actual = kind.read(aws)
    kind.check(desired, actual)
    decided = kind.plan(desired, actual)
    if check_mode or not decided.changed:
        return Outcome(decided, applied=not check_mode, warnings=kind.warnings)
    outcome = Outcome(decided, applied=True, warnings=kind.warnings)
    failed = _apply(aws, kind, desired, decided, outcome, sleep)
    order = {_place(change): number for number, change in enumerate(decided.changes)}
    outcome.failures = [failed[place] for place in sorted(failed, key=lambda place: order.get(place, len(order)))]
    if outcome.failures and not outcome.error:
        outcome.error = summed_up(kind.noun, outcome.failures)
    return outcome


_Place = tuple[type[Change], Any]


def _place(change: Change) -> _Place:
    return type(change), change.key


def _apply(
    aws: Aws, kind: Kind, desired: Sequence[Desired], decided: Plan, outcome: Outcome, sleep: Callable[[float], None]
) -> dict[_Place, Failure]:
    """Make the changes; what failed, with the reason.

    What nobody knows the fate of is settled by reading, and made again only where it was not made.
    """
    failed: dict[_Place, Failure] = {}
    progress = Progress(kind.noun, len(decided.changes))
    todo = decided
    lost: dict[Any, tuple[Change, ApiError]] = {}
    for _round in range(ROUNDS):
        try:
            errors = _make(aws, kind, todo, progress)
        finally:
            progress.end()
        lost = {change.key: (change, error) for change, error in errors if error.fate is Fate.LOST}
        failed.update({_place(change): _failure(change, error) for change, error in errors if change.key not in lost})
        gone = [error for _change, error in errors if error.fate is Fate.UNREACHABLE]
        if gone:
            failed.update({_place(change): _failure(change, error) for change, error in lost.values()})
            outcome.error = _interrupted(gone[0], decided, failed)
            return failed
        try:
            remaining = _look(aws, kind, desired, decided, failed, lost, sleep)
        except KumawatchError as error:
            failed.update({_place(change): _failure(change, problem) for change, problem in lost.values()})
            outcome.error = _unverified(error, decided, failed)
            return failed
        again = [change for change in remaining if change.key in lost]
        if not again:
            unkept = [change for change in remaining if _place(change) not in failed]
            failed.update({_place(change): failure for change, failure in zip(unkept, not_kept(unkept), strict=True)})
            return failed
        # As they are now: a creation whose answer was lost may be half an update.
        todo = _plan_of(again)
    failed.update({_place(lost[change.key][0]): _failure(change, lost[change.key][1]) for change in again})
    return failed


def _interrupted(error: ApiError, decided: Plan, failed: Collection[_Place]) -> str:
    done = len(decided.changes) - len(failed)
    return (
        f"{str(error).rstrip('.')} after {done} of {len(decided.changes)} changes: run the task again to make the rest."
    )


def _unverified(error: KumawatchError, decided: Plan, failed: Collection[_Place]) -> str:
    done = len(decided.changes) - len(failed)
    return (
        f"{done} of {len(decided.changes)} changes were made, but what came of them could not be read: "
        f"{str(error).rstrip('.')}; run the task again."
    )


def _look(
    aws: Aws,
    kind: Kind,
    desired: Sequence[Desired],
    decided: Plan,
    failed: Collection[_Place],
    lost: Collection[Any],
    sleep: Callable[[float], None],
) -> list[Change]:
    """What is still to be done of what was decided, looked at until AWS shows what it was told."""
    mine = {change.key for change in decided.changes}
    remaining: list[Change] = []
    for pause in SETTLING:
        sleep(pause)
        found = kind.plan(desired, kind.read(aws))
        remaining = [change for change in found.changes if change.key in mine]
        # There is nothing to wait for with those that failed, nor with those that may have to be made again.
        if all(_place(change) in failed or change.key in lost for change in remaining):
            break
    return remaining


def _plan_of(changes: Sequence[Change]) -> Plan:
    """The plan that makes ``changes`` and nothing else."""
    return Plan(
        create=tuple(change for change in changes if isinstance(change, Create)),
        update=tuple(change for change in changes if isinstance(change, Update)),
        delete=tuple(change for change in changes if isinstance(change, Delete)),
    )


def _failure(change: Change, error: ApiError) -> Failure:
    return {"name": change.label, "error": str(error)}


def _make(aws: Aws, kind: Kind, todo: Plan, progress: Progress) -> list[tuple[Change, ApiError]]:
    """Apply stage by stage; what failed, with the reason. An endpoint that is gone ends it."""
    gone: list[ApiError] = []

    def attempt(batch: Sequence[Change]) -> list[tuple[Change, ApiError]]:
        if gone:
            # Not one more of a thousand calls waits for an endpoint that the first has waited for in vain.
            return [(change, gone[0]) for change in batch]
        try:
            kind.apply_batch(aws, batch)
        except ApiError as error:
            if error.fate is Fate.REFUSED and len(batch) > 1:
                # One of them is the reason, and the others need not suffer for it.
                return [problem for change in batch for problem in attempt([change])]
            if error.fate is Fate.UNREACHABLE:
                gone.append(error)
            return [(change, error) for change in batch]
        except KumawatchError as error:
            return [(change, ApiError(str(error))) for change in batch]
        progress.advance(len(batch))
        return []

    failed: list[tuple[Change, ApiError]] = []
    with ThreadPoolExecutor(WORKERS) as pool:
        for stage in kind.stages(todo):
            for problems in pool.map(attempt, kind.batches(stage)):
                failed += problems
    return failed


def aws_args() -> dict[str, Any]:
    """What the bulk modules for AWS take besides their list and amazon.aws's own options."""
    return {**ownership_args(), "patience": {"type": "float", "default": PATIENCE}}


def warn(sentences: Iterable[str]) -> None:
    """Have sentences shown as warnings. AnsibleAWSModule's own way is one that ansible-core complains about."""
    from ansible.module_utils.common import warnings

    for sentence in sentences:
        warnings.warn(sentence)


def run(module: AnsibleAWSModule, kind: Kind) -> None:
    """Do what a bulk module does, and end it."""
    # An empty mark leaves objects unmarked.
    kind.owner = module.params.get("managed_by") or None
    kind.purge = bool(module.params.get("purge"))
    kind.max_deletions = module.params.get("max_deletions")
    try:
        if kind.purge and kind.owner is None:
            raise KumawatchError("purge needs managed_by: without a mark nothing is known to be ours.")
        outcome = reconcile(Aws(module, module.params["patience"]), kind, check_mode=module.check_mode)
    except KumawatchError as error:
        module.fail_json(msg=str(error))
    # What is read twice warns twice.
    warn(dict.fromkeys(outcome.warnings))
    result = {**outcome.result(kind), **kind.returns()}
    if not module._diff:
        del result["diff"]
    if outcome.error:
        module.fail_json(**result)
    module.exit_json(**result)
