# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the filters share."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, wraps
from pathlib import Path
from typing import Any, TypeVar

import yaml
from ansible.errors import AnsibleFilterError

from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import KumawatchError

Result = TypeVar("Result")

_ROLES = Path(__file__).parents[2] / "roles"


def as_filter(function: Callable[..., Result]) -> Callable[..., Result]:
    """The function with its errors as Ansible's, which shows their sentence alone."""

    @wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Result:
        try:
            return function(*args, **kwargs)
        except KumawatchError as error:
            raise AnsibleFilterError(str(error)) from None

    return wrapper


@cache
def role_options(role: str, entry: str = "main") -> dict[str, Any]:
    """The argument spec of an entry point of a role, which documents the variables: their rules stand nowhere else."""
    text = (_ROLES / role / "meta" / "argument_specs.yml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(text)["argument_specs"][entry]["options"]
    return found
