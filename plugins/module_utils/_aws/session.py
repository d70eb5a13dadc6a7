# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The edge to AWS: clients, patient calls that tell what became of them, and what the installed botocore knows."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from .._errors import KumawatchError
from .errors import BUSY, ApiError, Fate, Verdict, read, sentence, throttled
from .pace import Pace

if TYPE_CHECKING:
    from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

WORKERS = 8
"""How many calls are under way at once; the pace of each operation is kept apart from this."""

PATIENCE = 120.0
"""Seconds for which a call is tried again."""

#: Services by the name of their client: what readers call them, and their prefix in policies where it is another one.
SERVICES = {
    "application-signals": ("Application Signals", "application-signals"),
    "cloudwatch": ("CloudWatch", "cloudwatch"),
    "dynamodb": ("DynamoDB", "dynamodb"),
    "ec2": ("EC2", "ec2"),
    "elbv2": ("Elastic Load Balancing", "elasticloadbalancing"),
    "lambda": ("Lambda", "lambda"),
    "logs": ("CloudWatch Logs", "logs"),
    "pricing": ("The Price List API", "pricing"),
    "rds": ("RDS", "rds"),
    "resourcegroupstaggingapi": ("The tagging API", "tag"),
    "scheduler": ("EventBridge Scheduler", "scheduler"),
    "sns": ("SNS", "sns"),
    "sqs": ("SQS", "sqs"),
    "sts": ("STS", "sts"),
    "xray": ("X-Ray", "xray"),
}

_READING = ("Describe", "Get", "List", "Search", "Lookup", "BatchGet", "Test", "Head", "Query", "Filter")
_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 20.0
#: The pace sees to it that throttled calls keep a distance.
_LONGEST_THROTTLED_PAUSE = 5.0
#: Seconds for which an endpoint is tried that has never answered: it is rather misspelt than away.
_FIRST_PATIENCE = 10.0
#: Seconds for which a call is tried that another one is in the way of: what lasts longer does not pass by itself.
_BUSY_PATIENCE = 15.0


class Known(Protocol):
    """What can be asked without a network."""

    @property
    def region(self) -> str:
        """The Region that is worked on."""

    def has(self, service: str, operation: str, *members: str) -> bool:
        """Whether the installed botocore knows an operation, and the (nested) member of its input."""

    def need(self, who: str, since: str, service: str, operation: str, *members: str) -> None:
        """Refuse what the installed botocore does not know.

        :param who: the object and the option, such as ``alarm 'x': option 'warm_up'``.
        :param since: the first version of botocore that knows it.
        """


class Aws:
    """The account that a module works on. Threads may share it."""

    def __init__(self, module: AnsibleAWSModule, patience: float = PATIENCE) -> None:
        self._module = module
        self._patience = patience
        self._clients: dict[str, Any] = {}
        self._paces: dict[tuple[str, str], Pace] = {}
        self._lock = threading.Lock()
        self._answered = False

    # -- what is known without a network

    @property
    def region(self) -> str:
        """The Region that is worked on."""
        return str(self._client("cloudwatch").meta.region_name)

    @property
    def partition(self) -> str:
        """The partition of the Region, such as ``aws`` or ``aws-cn``."""
        return str(self._client("cloudwatch").meta.partition)

    def has(self, service: str, operation: str, *members: str) -> bool:
        model = self._client(service).meta.service_model
        if operation not in model.operation_names:
            return False
        shape = model.operation_model(operation).input_shape
        for member in members:
            while shape is not None and shape.type_name == "list":
                shape = shape.member
            if shape is None or member not in getattr(shape, "members", {}):
                return False
            shape = shape.members[member]
        return True

    def need(self, who: str, since: str, service: str, operation: str, *members: str) -> None:
        if not self.has(service, operation, *members):
            import botocore

            raise KumawatchError(
                f"{who} needs botocore {since} or newer; {botocore.__version__} is installed: upgrade it."
            )

    # -- calls

    def call(self, service: str, operation: str, /, **parameters: Any) -> dict[str, Any]:
        """Call an operation by its name in the API, such as ``PutMetricAlarm``.

        What was throttled or never left is tried again for ``patience`` seconds. So is a reading call whose answer was
        lost; of a writing one nobody knows whether it was done, so that is for the caller to find out by reading.

        :raises ApiError: with its fate.
        """
        from botocore import xform_name
        from botocore.exceptions import BotoCoreError, ClientError
        from botocore.parsers import ResponseParserError

        client = self._client(service)
        method: Callable[..., dict[str, Any]] = getattr(client, xform_name(operation))
        pace = self._pace(service, operation)
        tried = 0.0
        pause = _FIRST_PAUSE
        while True:
            # Waiting for its turn is no failure of the call, so it costs no patience.
            time.sleep(pace.wait(time.monotonic()))
            began = time.monotonic()
            try:
                answer = method(**parameters)
            except (BotoCoreError, ClientError, ResponseParserError) as error:
                verdict = read(error)
            else:
                self._answered = True
                pace.taken()
                return answer
            self._answered = self._answered or verdict.answered
            longest = _LONGEST_PAUSE
            if throttled(verdict):
                pace.refused(time.monotonic())
                longest = _LONGEST_THROTTLED_PAUSE
            wait = min(pause, longest) * random.uniform(0.5, 1.0)
            tried += time.monotonic() - began + wait
            if not self._again(verdict, operation) or tried >= self._patience_for(verdict):
                raise self._error(verdict, service, operation)
            time.sleep(wait)
            pause *= 2

    def _patience_for(self, verdict: Verdict) -> float:
        if verdict.fate is Fate.UNREACHABLE and not self._answered:
            return min(self._patience, _FIRST_PATIENCE)
        if verdict.code in BUSY:
            return min(self._patience, _BUSY_PATIENCE)
        return self._patience

    def pages(
        self,
        service: str,
        operation: str,
        key: str | Sequence[str],
        /,
        token: str = "NextToken",
        following: str = "",
        **parameters: Any,
    ) -> Iterator[dict[str, Any]]:
        """The items of a list operation, page by page.

        :param key: where a page has its items; several keys where it has them by kind.
        :param token: the parameter that asks for a page; the answer has that of the next one under the same name, or
            under ``following`` (``Marker`` and ``NextMarker`` of load balancers).
        """
        given = dict(parameters)
        keys = [key] if isinstance(key, str) else key
        while True:
            answer = self.call(service, operation, **given)
            for one in keys:
                yield from answer.get(one) or ()
            given[token] = answer.get(following or token)
            if not given[token]:
                return

    @staticmethod
    def _again(verdict: Verdict, operation: str) -> bool:
        if verdict.fate in (Fate.LATER, Fate.UNREACHABLE):
            return True
        return verdict.fate is Fate.LOST and operation.startswith(_READING)

    def _error(self, verdict: Verdict, service: str, operation: str) -> ApiError:
        name, action = SERVICES.get(service, (service, service))
        where = str(self._client(service).meta.endpoint_url)
        return ApiError(sentence(verdict, name, action, operation, where), verdict.code, verdict.fate)

    def _client(self, service: str) -> Any:
        with self._lock:
            if service not in self._clients:
                # Our own retries know reading from writing; botocore's would send a put twice whose answer was lost.
                config = {
                    "retries": {"mode": "standard", "total_max_attempts": 1},
                    "max_pool_connections": WORKERS + 2,
                    "connect_timeout": 10,
                    "read_timeout": 60,
                }
                self._clients[service] = self._module.client(service, config=config)
            return self._clients[service]

    def _pace(self, service: str, operation: str) -> Pace:
        with self._lock:
            return self._paces.setdefault((service, operation), Pace(operation))


def without_none(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that are given: botocore refuses ``None``."""
    return {name: value for name, value in parameters.items() if value is not None}
