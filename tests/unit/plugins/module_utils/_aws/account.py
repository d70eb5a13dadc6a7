# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An account that plays its part in unit tests: it answers what the test says, and keeps what it was asked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.errors import ApiError, Fate
from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import KumawatchError

Answer = Callable[..., dict[str, Any]]


def refused(code: str) -> ApiError:
    """The error of a call that AWS refused with a code."""
    return ApiError(f"refused ({code}).", code, Fate.REFUSED)


class Account:
    """Answers each operation with a function of its parameters.

    :param unknown: operations, and members as ``Operation.Member.Inner``, that the installed botocore does not know.
    """

    region = "eu-central-1"
    partition = "aws"

    def __init__(self, answers: Mapping[str, Answer] | None = None, unknown: tuple[str, ...] = ()) -> None:
        self.answers = dict(answers or {})
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.unknown = unknown
        self._lock = threading.Lock()

    def call(self, service: str, operation: str, /, **parameters: Any) -> dict[str, Any]:
        with self._lock:
            self.calls.append((operation, parameters))
        return self.answers[operation](**parameters)

    def pages(
        self,
        service: str,
        operation: str,
        key: str,
        /,
        token: str = "NextToken",
        following: str = "",
        **parameters: Any,
    ) -> Iterator[dict[str, Any]]:
        given = dict(parameters)
        while True:
            answer = self.call(service, operation, **given)
            yield from answer.get(key) or ()
            given[token] = answer.get(following or token)
            if not given[token]:
                return

    def has(self, service: str, operation: str, *members: str) -> bool:
        path = ".".join((operation, *members))
        return not any(path == name or path.startswith(f"{name}.") for name in self.unknown)

    def need(self, who: str, since: str, service: str, operation: str, *members: str) -> None:
        if not self.has(service, operation, *members):
            raise KumawatchError(f"{who} needs botocore {since} or newer; 1.35.0 is installed: upgrade it.")

    def made(self, *operations: str) -> list[dict[str, Any]]:
        """The parameters of the calls of some operations, in their order."""
        return [parameters for operation, parameters in self.calls if operation in operations]
