# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalogue of services, checked and complete. Documented in catalogue.yml."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.catalogue import CatalogueError, resolve
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.spec import Problem
from ansible_collections.kumawatch.monitoring.plugins.plugin_utils.filters import (
    bare,
    role_options,
    uncollected,
)

try:  # Where a value was written; ansible-core keeps that to itself, so that it may go away.
    from ansible._internal._datatag._tags import Origin
except ImportError:  # pragma: no cover
    Origin = None


def _sentence(problem: Problem) -> str:
    """The sentence about a mistake, with the file and the line of it where they are known."""
    origin = Origin.get_tag(problem.where) if Origin is not None else None
    if origin is None or not origin.path or not origin.line_num:
        return problem.message
    path = Path(origin.path)
    if path.is_relative_to(Path.cwd()):
        path = path.relative_to(Path.cwd())
    return f"{problem.message} ({path}, line {origin.line_num})"


def catalogue(variables: Any, groups: Mapping[str, Sequence[str]] | None = None, strict: bool = True) -> dict[str, Any]:
    """The catalogue that the variables declare."""
    if not isinstance(variables, Mapping):
        raise AnsibleFilterError("kumawatch.monitoring.catalogue takes a mapping of the variables monitoring_*.")
    options = role_options("catalogue")
    try:
        with uncollected():
            return resolve(bare(variables), options, bare(groups))
    except CatalogueError:
        pass
    # Only what has mistakes is looked through as it was written, which takes longer.
    try:
        return resolve(variables, options, groups)
    except CatalogueError as error:
        sentences = [_sentence(problem) for problem in error.problems]
    if strict:
        raise AnsibleFilterError("\n".join(sentences)) from None
    return {"problems": sentences}


class FilterModule:
    """The filter."""

    def filters(self) -> dict[str, Any]:
        """By name."""
        return {"catalogue": catalogue}
