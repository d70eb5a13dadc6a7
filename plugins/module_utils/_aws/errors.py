# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an error of botocore means: was the call made, is it to be made again, what is the user told. Pure.

Nothing here imports botocore: its errors are told apart by the names that they have had for years.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from .._errors import KumawatchError

THROTTLED = frozenset(
    [
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestLimitExceeded",
        "TooManyRequestsException",
        "BandwidthLimitExceeded",
        "ProvisionedThroughputExceededException",
        "SlowDown",
        "EC2ThrottledException",
    ]
)
"""Codes of calls that were refused because there were too many."""

BUSY = frozenset(
    {"OperationAbortedException", "ConcurrentModificationException", "ConflictException", "ResourceInUseException"}
)
"""Codes of calls that were refused because another one is changing the same object; botocore does not retry these."""

UNKNOWN = frozenset(
    {"InvalidAction", "UnknownOperationException", "UnknownOperation", "NotImplemented", "UnsupportedOperation"}
)
"""Codes of endpoints that do not know an operation."""

DENIED = frozenset(
    {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError", "NotAuthorized"}
)
LOGIN = frozenset(
    [
        "InvalidClientTokenId",
        "UnrecognizedClientException",
        "SignatureDoesNotMatch",
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidAccessKeyId",
        "AuthFailure",
        "IncompleteSignature",
        "MissingAuthenticationToken",
        "InvalidSignatureException",
    ]
)

#: Errors of botocore that say the request never left.
_NOT_SENT = frozenset({"EndpointConnectionError", "ConnectTimeoutError", "ProxyConnectionError", "SSLError"})
#: Errors of botocore that say nothing of whether the request arrived.
_LOST = frozenset(
    [
        "ConnectionClosedError",
        "ReadTimeoutError",
        "HTTPClientError",
        "ConnectionError",
        "ResponseStreamingError",
        "ResponseParserError",
    ]
)

_LONGEST = 600


class Fate(Enum):
    """What became of a call."""

    REFUSED = "refused"
    """AWS said no, and would again."""
    LATER = "later"
    """Nothing was done: too many calls, or somebody else is changing the object."""
    UNREACHABLE = "unreachable"
    """The request never left."""
    LOST = "lost"
    """It may have been done: the answer was lost, or the service failed."""


class ApiError(KumawatchError):
    """A call that did not succeed. ``code`` is AWS's own, or the name of botocore's error."""

    def __init__(self, message: str, code: str = "", fate: Fate = Fate.REFUSED) -> None:
        super().__init__(message)
        self.code = code
        self.fate = fate


@dataclass(frozen=True)
class Verdict:
    """An error, read."""

    fate: Fate
    code: str
    message: str
    answered: bool = False
    """Whether somebody answered, if only to refuse."""


def read(error: BaseException) -> Verdict:
    """What an error of botocore says."""
    response: Any = getattr(error, "response", None)
    if isinstance(response, dict) and "Error" in response:
        code = str(response["Error"].get("Code") or "")
        status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode") or 0)
        message = " ".join(str(response["Error"].get("Message") or "").split())
        if code in THROTTLED or status == 429:
            return Verdict(Fate.LATER, code, message, answered=True)
        if code in BUSY:
            return Verdict(Fate.LATER, code, message, answered=True)
        if status >= 500 and code not in UNKNOWN:
            return Verdict(Fate.LOST, code, message, answered=True)
        return Verdict(Fate.REFUSED, code, message, answered=True)
    names = {kind.__name__ for kind in type(error).__mro__}
    message = " ".join(str(error).split())
    if names & _NOT_SENT:
        return Verdict(Fate.UNREACHABLE, type(error).__name__, message)
    if names & _LOST:
        return Verdict(Fate.LOST, type(error).__name__, message)
    return Verdict(Fate.REFUSED, type(error).__name__, message)


def throttled(verdict: Verdict) -> bool:
    """Whether there were too many calls."""
    return verdict.fate is Fate.LATER and verdict.code not in BUSY


def sentence(verdict: Verdict, service: str, action: str, operation: str, where: str) -> str:
    """The error for a user.

    :param service: its name for readers, such as ``CloudWatch``.
    :param action: its prefix in policies, such as ``cloudwatch``.
    :param where: the endpoint.
    """
    said = verdict.message[:_LONGEST].rstrip(".")
    if verdict.code == "SSLError":
        return f"{service} at {where} cannot be trusted ({said}): check endpoint_url, aws_ca_bundle and validate_certs."
    if verdict.fate is Fate.UNREACHABLE:
        return f"{service} at {where} cannot be reached: check region, endpoint_url and the network."
    if verdict.fate is Fate.LOST:
        return f"{service} gave no answer to {operation} ({verdict.code}): it is not known whether it was done."
    if verdict.code in BUSY and verdict.fate is Fate.LATER:
        return f"{service} refused {operation} ({verdict.code}: {said}): another change was in the way; run it again."
    if verdict.fate is Fate.LATER:
        return (
            f"{service} throttles {operation} ({verdict.code}) and did not take it in time: run the task again later."
        )
    if verdict.code in DENIED:
        return f"{service} refused {operation}: allow {action}:{operation} in the policy of these credentials ({said})."
    if verdict.code in LOGIN:
        return (
            f"{service} does not accept the credentials ({verdict.code}: {said}): check the profile or the access key."
        )
    if verdict.code in ("NoCredentialsError", "PartialCredentialsError", "TokenRetrievalError", "SSOTokenLoadError"):
        return f"There are no usable AWS credentials ({said}): give profile or access_key, or set AWS_PROFILE."
    if verdict.code in UNKNOWN:
        return f"{service} at {where} does not know {operation}: the endpoint is too old for it."
    if verdict.code == "ParamValidationError":
        return f"{operation} of {service} does not take this: {said}."
    return f"{service} refused {operation} ({verdict.code}: {said})."
