# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The run that every bulk module shares: read once, plan, apply in stages, verify, report.

A module says what its kind of object is (:class:`Kind`) and nothing of how a run goes.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from .._errors import KumawatchError
from .._outcome import Failure, Outcome, not_kept, summed_up
from .._reconcile import Actual, Change, Desired, Plan, plan
from . import client as _client
from .client import Connection, ConnectionLost, DatabaseNotChosen, KumaClient, connect
from .fields import Version
from .lock import exclusive
from .state import State

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

#: The newest release known here, assumed of a server that cannot be asked yet because it is not set up.
NEWEST: Version = (2, 5, 3)


class Kind(ABC):
    """One kind of object on the server.

    ``desired``, ``actual``, ``equal`` and ``stages`` decide and are pure; ``read`` and ``apply`` talk to the server.
    """

    #: What one object is called in messages.
    noun: ClassVar[str]
    #: Attributes of :class:`State` that are needed.
    lists: ClassVar[tuple[str, ...]]
    #: Properties whose values nobody may see.
    secrets: Collection[str] = frozenset()

    #: The mark of ownership, ``None`` for kinds that can bear none (and are never purged).
    owner: str | None = None
    purge: bool = False
    max_deletions: int | None = None

    #: What the module has to say besides the result.
    warnings: list[str]

    def __init__(self) -> None:
        self.warnings = []

    async def read(self, client: KumaClient) -> None:
        """Fetch what the login does not push."""

    @abstractmethod
    def desired(self, state: State, version: Version) -> list[Desired]:
        """The declared entries, checked against what exists and what the server's version knows."""

    @abstractmethod
    def actual(self, state: State) -> list[Actual]:
        """What exists."""

    def equal(self, name: str, before: Any, after: Any) -> bool:
        """Whether two values of one property mean the same."""
        return bool(before == after)

    def plan(self, state: State, version: Version) -> Plan:
        """Compare the two."""
        return plan(
            self.desired(state, version),
            self.actual(state),
            noun=self.noun,
            owner=self.owner,
            purge=self.purge,
            max_deletions=self.max_deletions,
            equal=self.equal,
        )

    def stages(self, decided: Plan) -> list[Sequence[Change]]:
        """The changes in the order of their dependencies; those of one stage run side by side."""
        return [decided.create, decided.update, decided.delete]

    async def prepare(self, client: KumaClient, decided: Plan) -> None:
        """Make what the changes have in common, once, before the first of them."""

    @abstractmethod
    async def apply(self, client: KumaClient, change: Change) -> None:
        """Make one change."""

    async def after_failures(self, client: KumaClient, failed: Sequence[Change]) -> None:
        """Clear away what failed changes may have left half done."""

    def show(self, name: str, value: Any) -> Any:
        """A property's value as a reader of the diff knows it."""
        return value

    def export(self, item: Actual) -> dict[str, Any]:
        """The entry that declares an object as it is, secrets included."""
        raise NotImplementedError(f"{self.noun} cannot be exported")

    def exported(self, state: State, version: Version) -> list[dict[str, Any]]:
        """Everything that exists, as entries, in the order of their labels."""
        return [self.export(item) for item in sorted(self.actual(state), key=lambda item: item.label)]

    def without_secrets(self, entry: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
        """An exported entry without its secrets, and the options that were left out."""
        withheld = sorted(
            option for option in entry if option in self.secrets and entry[option] not in (None, "", {}, [])
        )
        return {option: value for option, value in entry.items() if option not in self.secrets}, withheld


async def reconcile(connection: Connection, kind: Kind, *, check_mode: bool) -> Outcome:
    """Bring the server to what ``kind`` declares; in check mode only say what that would take."""
    try:
        async with connect(connection, kind.lists) as client:
            if client.needs_setup:
                if check_mode:
                    return Outcome(kind.plan(State.empty(), NEWEST))
                raise KumawatchError(
                    f"Uptime Kuma at {connection.shown} has no user yet: run kumawatch.monitoring.kuma_setup first."
                )
            await kind.read(client)
            decided = kind.plan(client.state, client.version)
            if check_mode or not decided.changed:
                return Outcome(decided, applied=not check_mode, warnings=kind.warnings)
            return await _apply(client, kind)
    except DatabaseNotChosen:
        if check_mode:
            return Outcome(kind.plan(State.empty(), NEWEST))
        raise


async def _apply(client: KumaClient, kind: Kind) -> Outcome:
    async with exclusive(client):
        # Somebody may have written since we read. 2.x has pushed each change to us; 1.23 says nothing of tags.
        kind.warnings.clear()
        if not client.pushes_single_monitors:
            await refresh(client, kind)
        await kind.read(client)
        decided = kind.plan(client.state, client.version)
        outcome = Outcome(decided, applied=True, warnings=list(kind.warnings))
        failed = await _make(client, kind, decided)
        if failed:
            lost = [error for _change, error in failed if isinstance(error, ConnectionLost)]
            outcome.failures = [{"name": change.label, "error": str(error)} for change, error in failed]
            if lost:
                total = len(decided.changes)
                outcome.error = (
                    f"{str(lost[0]).rstrip('.')} after {total - len(failed)} of {total} changes: "
                    f"run the task again to make the rest."
                )
                return outcome
            await kind.after_failures(client, [change for change, _error in failed])
        else:
            outcome.failures = await _verify(client, kind)
        if outcome.failures:
            outcome.error = summed_up(kind.noun, outcome.failures)
        return outcome


async def _make(client: KumaClient, kind: Kind, decided: Plan) -> list[tuple[Change, KumawatchError]]:
    """Apply stage by stage; what failed, with the reason. A lost connection ends it."""
    stages = [list(stage) for stage in kind.stages(decided)]
    failed: list[tuple[Change, KumawatchError]] = []
    try:
        await kind.prepare(client, decided)
        while stages:
            failed += await client.each(stages[0], lambda change: kind.apply(client, change))
            stages.pop(0)
            for _change, error in failed:
                if isinstance(error, ConnectionLost):
                    raise error
    except ConnectionLost as error:
        failed += [(change, error) for stage in stages for change in stage]
    return failed


async def _verify(client: KumaClient, kind: Kind) -> list[Failure]:
    """Read again what was written; whatever still differs was not kept by the server."""
    if not client.pushes_single_monitors:
        await refresh(client, kind)
    await kind.read(client)
    return not_kept(kind.plan(client.state, client.version).changes)


async def refresh(client: KumaClient, kind: Kind) -> None:
    """Ask for the list of monitors once more."""
    if "monitors" in kind.lists:
        await client.call("getMonitorList")


def run(module: AnsibleModule, kind: Kind) -> None:
    """Do what a bulk module does, and end it."""
    require_libraries(module)
    kind.owner = module.params.get("managed_by")
    kind.purge = bool(module.params.get("purge"))
    kind.max_deletions = module.params.get("max_deletions")
    try:
        outcome = asyncio.run(reconcile(connection_of(module.params), kind, check_mode=module.check_mode))
    except KumawatchError as error:
        module.fail_json(msg=str(error))
    for warning in outcome.warnings:
        module.warn(warning)
    result = outcome.result(kind)
    if not module._diff:
        del result["diff"]
    if outcome.error:
        module.fail_json(**result)
    module.exit_json(**result)


def connection_of(params: Mapping[str, Any]) -> Connection:
    """The connection that a module's options describe."""
    return Connection(
        url=params["api_url"],
        username=params["api_username"],
        password=params["api_password"],
        token=params["api_token"],
        totp_secret=params["api_totp_secret"],
        headers={key: str(value) for key, value in (params["api_headers"] or {}).items()},
        validate_certs=params["validate_certs"],
        ca_path=params["ca_path"],
        timeout=params["api_timeout"],
        wait=params["api_wait"],
    )


def require_libraries(module: AnsibleModule) -> None:
    """End the module in a sentence where a library is missing."""
    if _client.socketio is None or _client.aiohttp is None:
        from ansible.module_utils.basic import missing_required_lib

        missing = "python-socketio" if _client.socketio is None else "aiohttp"
        module.fail_json(msg=missing_required_lib(missing))
