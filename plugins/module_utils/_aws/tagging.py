# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags of objects that have them: which are declared, which are there, and what is to be done about it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

from .._errors import InputError
from .._reconcile import Desired, Update
from .entries import each
from .session import Aws
from .tags import MARK, Tags, as_list, problem, tags_by_arn


def declared_tags(options: Mapping[str, Any], who: str) -> Tags | None:
    """The tags of an entry, checked; ``None`` where it says nothing of them. The mark is not for an entry to set."""
    if options.get("tags") is None:
        return None
    tags = {str(key): str(value) for key, value in options["tags"].items()}
    if MARK in tags:
        raise InputError(f"{who}: tags has '{MARK}', which is the mark of ownership: set managed_by instead.")
    wrong = problem(tags)
    if wrong:
        raise InputError(f"{who}: tags {wrong}.")
    return tags


def without_mark(tags: Tags | None) -> Tags:
    """The tags that are for the user to declare."""
    return {key: value for key, value in (tags or {}).items() if key != MARK and not key.startswith("aws:")}


@dataclass
class BaseTagging(ABC):
    """How the objects of a run are tagged. A service says how it is asked and told.

    :param kinds: resource types of the tagging API, such as ``cloudwatch:dashboard``.
    :param wanted: the declared tags of each declared object by its name, ``None`` where they are not to be compared.
    """

    kinds: Sequence[str]
    owner: str | None = None
    everything: bool = False
    wanted: dict[Any, Tags | None] = field(default_factory=dict)

    def declared(self, owner: str | None, everything: bool, entries: Iterable[Desired]) -> Self:
        """The same for a run whose entries are known.

        :param owner: the value of the mark, ``None`` for none.
        :param everything: whether the tags of what is not declared count as well, since it may be deleted.
        """
        return replace(
            self, owner=owner, everything=everything,
            wanted={entry.key: entry.properties.get("tags") for entry in entries},
        )  # fmt: skip

    @abstractmethod
    def ask(self, aws: Aws, arn: str) -> Tags:
        """The tags of one object; none if there is no such object."""

    @abstractmethod
    def put(self, aws: Aws, arn: str, tags: Tags) -> None:
        """Give an object tags, beside those that it has."""

    @abstractmethod
    def take(self, aws: Aws, arn: str, keys: list[str]) -> None:
        """Take tags from an object."""

    def read(self, aws: Aws, arns: Mapping[Any, str]) -> dict[Any, Tags]:
        """The tags of objects by their names.

        The index answers for a hundred at a time, but lags behind, and knows only what is of its Region. So what it
        does not show as it is to be is asked one by one; of what is not declared, only where ``everything`` counts.
        """
        if self.owner is None and not any(tags is not None for tags in self.wanted.values()):
            return {}
        index = tags_by_arn(aws, self.kinds)
        known = {name: index[arn] for name, arn in arns.items() if arn in index} if index is not None else {}
        asked = [
            name
            for name in arns
            if (
                not self._settled(name, known.get(name))
                if name in self.wanted
                else self.everything and name not in known
            )
        ]
        return {**known, **dict(zip(asked, each(lambda name: self.ask(aws, arns[name]), asked), strict=True))}

    def _settled(self, name: Any, tags: Tags | None) -> bool:
        if tags is None:
            return False
        wanted = self.wanted[name]
        return tags.get(MARK) == self.owner and (wanted is None or without_mark(tags) == wanted)

    def own(self, tags: Tags | None) -> Tags:
        """The tags of a new object."""
        return {**(tags or {}), **({MARK: self.owner} if self.owner is not None else {})}

    def new(self, tags: Tags | None) -> list[dict[str, str]]:
        """The same, as AWS has them."""
        return as_list(self.own(tags))

    def change(self, aws: Aws, change: Update, arn: str) -> None:
        """Bring the tags of an object to what is declared; a put does not."""
        wanted: Tags | None = change.desired.properties.get("tags") if "tags" in change.differences else None
        if wanted is not None:
            superfluous = sorted(set(change.actual.properties.get("tags") or ()) - set(wanted))
            if superfluous:
                self.take(aws, arn, superfluous)
        if wanted or change.adopted:
            self.put(aws, arn, self.own(wanted))
