# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of checks: one function each, which may be cancelled at any time and leaves nothing behind.

A function is given its :class:`~kumawatch_health.config.Check` and returns a
:class:`~kumawatch_health.results.Finding`; what it raises is a failure. Its module, and with it the driver, is imported
when the first check of the kind is configured.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from importlib import import_module
from typing import Any

from ..config import Check, ConfigError
from ..results import Finding

Function = Callable[[Check], Coroutine[Any, Any, Finding]]

#: Kind → its module, which has a function of the kind's name, and the extra of the package that brings its driver.
MODULES = {
    "postgresql": ("postgresql", "postgresql"),
    "mysql": ("mysql", "mysql"),
    "redis": ("redis", "redis"),
    "rabbitmq": ("rabbitmq", "rabbitmq"),
    "http": ("http", "http"),
    "docker": ("docker", "docker"),
    "tcp": ("network", ""),
    "tls": ("network", ""),
    "dns": ("dns", "dns"),
    "disk": ("host", ""),
    "process": ("process", "process"),
    "command": ("host", ""),
}


def function_of(check: Check) -> Function:
    """The function of a check's kind.

    :raises ConfigError: its driver is not installed.
    """
    module, extra = MODULES[check.kind]
    try:
        found: Function = getattr(import_module(f".{module}", __name__), check.kind)
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"check '{check.name}' of type {check.kind} needs the Python package {error.name}: "
            f"pip install 'kumawatch-health[{extra}]'."
        ) from None
    return found
