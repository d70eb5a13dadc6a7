# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a bulk run found and did, as the return values that all bulk modules share. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from ._diff import diffs
from ._reconcile import Change, Create, Delete, Plan

Failure = dict[str, str]
"""One object that could not be brought to what was declared: its ``name`` and the ``error``, a sentence."""


class Presented(Protocol):
    """What a kind of object says of itself to readers."""

    @property
    def noun(self) -> str:
        """What one object is called in messages."""

    @property
    def secrets(self) -> Collection[str]:
        """Properties whose values nobody may see."""

    def show(self, name: str, value: Any) -> Any:
        """A property's value as a reader of the diff knows it."""


@dataclass
class Outcome:
    """What a run found and did. ``error`` ends the task as failed, with this sentence."""

    plan: Plan
    applied: bool = False
    failures: list[Failure] = field(default_factory=list)
    error: str = ""
    warnings: list[str] = field(default_factory=list)

    def result(self, kind: Presented) -> dict[str, Any]:
        """The return values that all bulk modules have in common."""
        failed = {failure["name"] for failure in self.failures}

        def names(changes: Sequence[Change]) -> list[str]:
            return [change.label for change in changes if change.label not in failed]

        created, updated, deleted = names(self.plan.create), names(self.plan.update), names(self.plan.delete)
        return {
            "changed": bool(created or updated or deleted),
            "msg": self.error or self.plan.summary(done=self.applied),
            "created": created,
            "updated": updated,
            "deleted": deleted,
            "unchanged": list(self.plan.unchanged),
            "unmanaged": list(self.plan.unmanaged),
            "adopted": [change.label for change in self.plan.update if change.adopted and change.label not in failed],
            "failures": self.failures,
            "diff": diffs(self.plan, noun=kind.noun, secrets=kind.secrets, show=kind.show),
        }


def not_kept(remaining: Sequence[Change]) -> list[Failure]:
    """What still differs after everything was written: the server did not keep it, or somebody else writes as well."""
    problems = []
    for change in remaining:
        if isinstance(change, Create):
            problem = "was created, but is not on the server: another run may have deleted it; run the task again."
        elif isinstance(change, Delete):
            problem = "was deleted, but is still on the server: another run may have made it anew; run the task again."
        else:
            options = ", ".join(sorted(change.differences)) or "managed_by"
            problem = f"the server did not keep {options}: check the values, or name them in ignore."
        problems.append({"name": change.label, "error": problem})
    return problems


def summed_up(noun: str, failures: Sequence[Failure]) -> str:
    """The sentence that a task with failures ends with: the first one, and how many there are besides."""
    first = failures[0]
    others = f" (and {len(failures) - 1} more, see failures)" if len(failures) > 1 else ""
    return f"{noun} '{first['name']}': {first['error']}{others}"
