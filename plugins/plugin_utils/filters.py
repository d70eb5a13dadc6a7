# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the filters share."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, wraps
from pathlib import Path
from typing import Any, TypeVar

import yaml
from ansible.errors import AnsibleFilterError

from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import KumawatchError

Result = TypeVar("Result")

_ROLES = Path(__file__).parents[2] / "roles"


try:  # What a container holds that nobody has looked at; ansible-core keeps that to itself, so that it may go away.
    from ansible._internal._templating._lazy_containers import _LazyValue
except ImportError:  # pragma: no cover
    _LazyValue = None

_SCALARS = frozenset({str, int, float, bool, type(None)})


def _is_bare(value: Any) -> bool:
    """Whether there is nothing in it but Python's own types, and so no template either."""
    kind = value.__class__
    if kind in _SCALARS:
        return True
    if kind is dict:
        return all(map(_is_bare, value)) and all(map(_is_bare, value.values()))
    return kind is list and all(map(_is_bare, value))


def bare(value: Any) -> Any:
    """The same in Python's own types.

    Ansible hands out containers that make a value anew with each look at it, and texts that know where they were
    written: to work out of these what a thousand services mean takes several times as long. Other mappings than
    dictionaries stay as they are, the variables of all hosts among them.

    :returns: not to be changed, since it may be what Ansible keeps.
    """
    if value.__class__ in _SCALARS:
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, dict):
        return {bare(key): _element(dict, value, key) for key in value}
    if isinstance(value, list):
        return [_element(list, value, position) for position in range(len(value))]
    if isinstance(value, tuple):
        return [bare(item) for item in value]
    if isinstance(value, int | float):
        return int(value) if isinstance(value, int) else float(value)
    return value


def _element(kind: type[Any], container: Any, key: Any) -> Any:
    """What is in a container: what it holds, where that is bare already, or else what Ansible makes of that."""
    held = kind.__getitem__(container, key)
    if _LazyValue is not None and held.__class__ is _LazyValue and _is_bare(held.value):
        return held.value
    return bare(container[key])


@contextmanager
def uncollected() -> Iterator[None]:
    """Look for no garbage meanwhile: nothing that is made of a great catalogue is any, and all of it is looked at."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def as_filter(function: Callable[..., Result]) -> Callable[..., Result]:
    """The function with its errors as Ansible's, which shows their sentence alone, and with arguments that are bare."""

    @wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Result:
        try:
            with uncollected():
                return function(*map(bare, args), **{name: bare(value) for name, value in kwargs.items()})
        except KumawatchError as error:
            raise AnsibleFilterError(str(error)) from None

    return wrapper


@cache
def role_options(role: str, entry: str = "main") -> dict[str, Any]:
    """The argument spec of an entry point of a role, which documents the variables: their rules stand nowhere else."""
    text = (_ROLES / role / "meta" / "argument_specs.yml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(text)["argument_specs"][entry]["options"]
    return found
