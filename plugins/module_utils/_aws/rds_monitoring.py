# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How closely databases are watched: the calls behind ``rds_monitoring``."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .._reconcile import Actual, Change, Desired, Update
from . import discovery
from . import rds_monitoring_model as model
from .bulk import Kind
from .errors import ApiError
from .session import Aws, Known

ROLE_PATIENCE = 30.0
"""Seconds until every part of AWS knows a role that was just made."""
_ROLE_PAUSE = 3.0

#: Since when botocore knows these.
_SINCE = {"database_insights": ("1.36", "DatabaseInsightsMode")}


class DatabaseMonitoring(Kind):
    """Enhanced Monitoring, Performance Insights and Database Insights of the declared databases."""

    noun = "database"

    def __init__(
        self,
        entries: Sequence[Mapping[str, Any]],
        *,
        apply_immediately: bool,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        super().__init__()
        self.entries = entries
        self.apply_immediately = apply_immediately
        self._sleep = sleep
        self._region = ""
        self._waiting: dict[tuple[str, str], list[str]] = {}
        self._wanted: set[tuple[str, str]] = set()

    def desired(self, known: Known) -> list[Desired]:
        found = model.desired(self.entries)
        for entry in found:
            for option, (since, member) in _SINCE.items():
                if option in entry.properties:
                    operation = "ModifyDBCluster" if entry.key[0] == model.CLUSTER else "ModifyDBInstance"
                    known.need(f"database '{entry.label}': option {option}", since, "rds", operation, member)
        self._wanted = {entry.key for entry in found}
        return found

    def read(self, aws: Aws) -> list[Actual]:
        self._region = aws.region
        instances = discovery.db_instances(aws) if self._wanted else []
        clusters = discovery.db_clusters(aws) if any(kind == model.CLUSTER for kind, _ident in self._wanted) else []
        self._waiting = {
            **{(model.INSTANCE, name): what for name, what in model.waiting(instances, "DBInstanceIdentifier").items()},
            **{(model.CLUSTER, name): what for name, what in model.waiting(clusters, "DBClusterIdentifier").items()},
        }
        return model.actual(instances, clusters, self._wanted)

    def check(self, desired: Sequence[Desired], actual: Sequence[Actual]) -> None:
        model.check(desired, actual, self._region)

    def equal(self, name: str, before: Any, after: Any) -> bool:
        return model.equal(name, before, after)

    def apply(self, aws: Aws, change: Change) -> None:
        if not isinstance(change, Update):
            return  # Nothing is ever created or deleted here: check() has refused what does not exist.
        for call in model.calls(change, apply_immediately=self.apply_immediately):
            self._make(aws, call)

    def _make(self, aws: Aws, call: model.Call) -> None:
        parameters = dict(call.parameters)
        others = self._waiting.get((call.kind, call.ident))
        if others and self.apply_immediately:
            # It would apply these as well, which may restart the database in the middle of the day.
            parameters["ApplyImmediately"] = False
            self.warnings.append(
                f"database '{call.ident}': {', '.join(others)} waits for the maintenance window, so apply_immediately "
                f"was left out: it would have made that change now as well."
            )
        end = time.monotonic() + ROLE_PATIENCE
        while True:
            try:
                if call.kind == model.CLUSTER:
                    aws.call("rds", "ModifyDBCluster", DBClusterIdentifier=call.ident, **parameters)
                else:
                    aws.call("rds", "ModifyDBInstance", DBInstanceIdentifier=call.ident, **parameters)
                return
            except ApiError as error:
                if not _role_unknown(error) or time.monotonic() >= end:
                    raise
                self._sleep(_ROLE_PAUSE)


def _role_unknown(error: ApiError) -> bool:
    """Whether RDS does not know the role yet that was made a moment ago."""
    return error.code.startswith("InvalidParameter") and "role" in str(error).lower()
