# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a new server usable: its database, its first user, and the proof that one can log in."""

from __future__ import annotations

import asyncio
import dataclasses
import string
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .._diff import SECRET_AFTER, SECRET_BEFORE
from .._errors import InputError, KumawatchError
from .client import CallFailed, Connection, DatabaseNotChosen, KumaClient, LoginRefused, connect, over_http

#: Seconds that a server may take to come back with its new database. MariaDB's tables take longer than SQLite's.
RESTART = 120.0


@dataclass(frozen=True)
class Database:
    """Where a server keeps its data. Only ``mariadb`` needs more than the type."""

    type: str = "sqlite"
    hostname: str | None = None
    port: int = 3306
    name: str | None = None
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ssl: bool = False
    ca: str | None = None

    def wire(self) -> dict[str, Any]:
        """What the database wizard takes."""
        if self.type != "mariadb":
            return {"type": self.type}
        config: dict[str, Any] = {
            "type": self.type,
            "hostname": self.hostname,
            "port": self.port,
            "dbName": self.name,
            "username": self.username,
            "password": self.password,
        }
        if self.ssl:
            config["ssl"] = True
            config["ca"] = self.ca or ""
        return config


@dataclass(frozen=True)
class Outcome:
    """What was done or, in check mode, is to be done. ``version`` and ``token`` are known after a login only."""

    database: str | None = None
    user: str | None = None
    password: bool = False
    version: str | None = None
    token: str | None = field(default=None, repr=False)

    @property
    def changed(self) -> bool:
        return bool(self.database or self.user or self.password)

    def message(self, done: bool) -> str:
        """The outcome in one line, as a report or (not ``done``) as a prediction."""
        parts = []
        if self.database:
            parts.append(f"database {self.database} {'chosen' if done else 'to be chosen'}")
        if self.user:
            parts.append(f"first user '{self.user}' {'created' if done else 'to be created'}")
        if self.password:
            parts.append(f"password {'changed' if done else 'to be changed'}")
        return ", ".join(parts) or "set up already"

    def diff(self, shown: str) -> list[dict[str, Any]]:
        """The outcome as a diff, of the server at the address ``shown``."""
        before: dict[str, Any] = {}
        after: dict[str, Any] = {}
        if self.database:
            before["database"], after["database"] = None, self.database
        if self.user:
            before["first_user"], after["first_user"] = None, self.user
        if self.password:
            before["api_password"], after["api_password"] = SECRET_BEFORE, SECRET_AFTER
        header = f"server {shown}"
        entry = {"before_header": header, "after_header": header, "before": before, "after": after}
        return [entry] if self.changed else []

    def result(self, shown: str, done: bool) -> dict[str, Any]:
        """The return values of the module."""
        values: dict[str, Any] = {
            "changed": self.changed,
            "msg": self.message(done),
            "database_chosen": bool(self.database),
            "user_created": bool(self.user),
            "password_changed": self.password,
            "diff": self.diff(shown),
        }
        if self.version:
            values["version"] = self.version
        if self.token:
            values["token"] = self.token
        return values


# -- what is decided without a server ----------------------------------------------------------------------------------


def is_weak(password: str) -> bool:
    """Whether Uptime Kuma finds a password too weak.

    It wants six characters, and two of: lower case, upper case, digit, symbol; of ASCII, since it knows no others.
    """
    kinds = (string.ascii_lowercase, string.ascii_uppercase, string.digits, string.punctuation)
    length = len(password.encode("utf-16-le", "surrogatepass")) // 2
    return length < 6 or sum(any(letter in kind for letter in password) for kind in kinds) < 2


def check_credentials(connection: Connection) -> None:
    """Refuse a connection that names no user to create."""
    for option, value in (("api_username", connection.username), ("api_password", connection.password)):
        if not value:
            raise InputError(
                f"{option} is not set: give the name and the password that the server's first user has or gets."
            )


def check_database(database: Database) -> None:
    """Refuse a choice that lacks something."""
    if database.type != "mariadb":
        return
    missing = [option for option in ("name", "username", "password") if not getattr(database, option)]
    if missing:
        them = "it" if len(missing) == 1 else "them"
        raise InputError(f"database of type mariadb needs {' and '.join(missing)}: add {them}.")


def check_wizard(database: Database, info: Mapping[str, Any], shown: str) -> None:
    """Refuse what the wizard of this server, which says so in ``info``, does not offer."""
    if database.type == "embedded-mariadb" and not info.get("isEnabledEmbeddedMariaDB"):
        raise KumawatchError(
            f"Uptime Kuma at {shown} has no embedded MariaDB: only its full container image does, with "
            f"UPTIME_KUMA_ENABLE_EMBEDDED_MARIADB=1; choose another database.type."
        )
    if database.type != "mariadb":
        return
    if not database.hostname and not info.get("isEnabledMariaDBSocket"):
        raise KumawatchError(
            f"Uptime Kuma at {shown} has no socket to a MariaDB: say where the database is in database.hostname."
        )
    if database.ssl and "isEnabledMariaDBSocket" not in info:  # releases that know this key know the other as well
        raise KumawatchError(
            f"Uptime Kuma at {shown} would ignore database.ssl, which needs release 2.1.0: upgrade it, or leave this "
            f"out."
        )


def check_kept_database(database: Database | None, info: Mapping[str, Any], shown: str) -> None:
    """Refuse a database that is declared to be another one than the server has.

    :param info: what the server says after the login.
    """
    actual = info.get("dbType")
    if actual is None and str(info.get("version", "")).startswith("1."):
        actual = "sqlite"  # it knows no other
    if database is not None and actual is not None and actual != database.type:
        raise KumawatchError(
            f"Uptime Kuma at {shown} keeps its data in {actual}, and database.type is {database.type}: a server "
            f"that has a database cannot get another one this way; correct database.type, or move the data by hand."
        )


def too_weak(shown: str) -> KumawatchError:
    """The refusal of a weak password."""
    return KumawatchError(
        f"Uptime Kuma at {shown} finds api_password too weak: take at least 6 characters, and mix letters with digits "
        f"or symbols."
    )


def not_ours(connection: Connection, tried_current: bool) -> KumawatchError:
    """The refusal of a server that somebody has set up with another password."""
    who = f"Uptime Kuma at {connection.shown} has been set up already and refused user '{connection.username}'"
    if tried_current:
        return KumawatchError(
            f"{who} both with api_password and with api_current_password: nothing was changed; check the three options."
        )
    return KumawatchError(
        f"{who}, wrong user name or password: nothing was changed; check api_username and api_password, or, to change "
        f"the password to api_password, give the one it has in api_current_password."
    )


# -- what is done ------------------------------------------------------------------------------------------------------


async def set_up(
    connection: Connection, database: Database | None, current_password: str | None, *, check_mode: bool
) -> Outcome:
    """Bring a server to where one can log in; in check mode only say what that would take.

    :param connection: its user name and password are those that the first user has or gets. Its token is not used: the
        password is to be proved.
    :param database: what to choose where the server asks; ``None``: SQLite, or whatever a server has already.
    :param current_password: the password that the user has, if it may be another one and is to be changed.
    :raises KumawatchError: what is wrong, in one sentence.
    """
    check_credentials(connection)
    check_database(database or Database())
    connection = dataclasses.replace(connection, token=None)
    shown = connection.shown
    chosen = None
    try:
        needs_user = await _needs_user(connection)
    except DatabaseNotChosen:
        if is_weak(connection.password or ""):
            raise too_weak(shown) from None
        chosen = database or Database()
        await _check_wizard(connection, chosen)
        if check_mode:
            return Outcome(chosen.type, connection.username)
        mine = await _choose(connection, chosen)
        needs_user = await _come_back(connection, chosen)
        chosen = chosen if mine else None
    done = Outcome(chosen.type if chosen else None)
    if needs_user:
        if is_weak(connection.password or ""):
            raise too_weak(shown)
        if check_mode:
            return Outcome(None, connection.username)
        if await _create_user(connection):
            done = dataclasses.replace(done, user=connection.username)
    return await _prove(connection, database, current_password, done, check_mode=check_mode)


async def _needs_user(connection: Connection) -> bool:
    async with connect(connection, login=False) as client:
        return bool((await client.call("needSetup"))["value"])


async def _check_wizard(connection: Connection, database: Database) -> None:
    async with over_http(connection) as client:
        try:
            wizard = await client.get("/setup-database-info")
        except CallFailed:
            raise
        except KumawatchError:
            return  # it starts anew, since another run was quicker: whoever chooses finds out
        check_wizard(database, wizard or {}, connection.shown)


async def _choose(connection: Connection, database: Database) -> bool:
    """Answer the wizard, and wait until the server asks no more; returns whether it was us who answered."""
    trouble: KumawatchError | None = None
    async with over_http(connection) as client:
        try:
            answer = await client.post("/setup-database", {"dbConfig": database.wire()})
        except CallFailed as error:
            if "already running" not in error.reason:
                raise KumawatchError(
                    f"Uptime Kuma at {connection.shown} refused the database: {error.reason.rstrip('.')}; check the "
                    f"option database."
                ) from None
            trouble = error
        except KumawatchError as error:  # the answer was lost, or another run was quicker: the server will tell
            trouble = error
        else:
            if isinstance(answer, Mapping) and answer.get("ok"):
                return True
    deadline = time.monotonic() + RESTART
    while True:
        try:
            await _needs_user(dataclasses.replace(connection, wait=RESTART))
            return False
        except DatabaseNotChosen:
            if time.monotonic() >= deadline:
                raise trouble or KumawatchError(
                    f"Uptime Kuma at {connection.shown} still waits for its database after {RESTART:g} s: see its log."
                ) from None
        await asyncio.sleep(0.5)


async def _come_back(connection: Connection, database: Database) -> bool:
    """Wait until the server is there again; returns whether it needs a user."""
    patient = dataclasses.replace(connection, wait=max(connection.wait, RESTART))
    try:
        return await _needs_user(patient)
    except KumawatchError as error:
        raise KumawatchError(
            f"Uptime Kuma at {connection.shown} has taken the {database.type} database, but did not come back within "
            f"{patient.wait:g} s: see its log."
        ) from error


async def _create_user(connection: Connection) -> bool:
    """Create the first user; returns whether it was us who did, and not another run at the same moment."""
    async with connect(connection, login=False) as client:
        try:
            await client.call("setup", connection.username, connection.password)
        except CallFailed as error:
            if error.reason == "passwordTooWeak" or "too weak" in error.reason:
                raise too_weak(connection.shown) from None
            if (await client.call("needSetup"))["value"]:
                raise KumawatchError(
                    f"Uptime Kuma at {connection.shown} refused its first user: {error.reason.rstrip('.')}; check "
                    f"api_username."
                ) from None
            return False
        return True


async def _prove(
    connection: Connection, database: Database | None, current_password: str | None, done: Outcome, *, check_mode: bool
) -> Outcome:
    """Log in, after changing the password where that is asked for and due."""
    try:
        async with connect(connection) as client:
            return await _entered(client, database, done)
    except LoginRefused:
        if current_password is None:
            raise not_ours(connection, tried_current=False) from None
    if is_weak(connection.password or ""):
        raise too_weak(connection.shown)
    done = dataclasses.replace(done, password=True)
    try:
        async with connect(dataclasses.replace(connection, password=current_password)) as client:
            check_kept_database(database, client.state.info or {}, connection.shown)
            if check_mode:
                return dataclasses.replace(done, version=client.reported_version)
            await client.session_token()  # the server ends a login before it takes in the next call
            await _change_password(client, connection, current_password)
    except LoginRefused:
        raise not_ours(connection, tried_current=True) from None
    async with connect(connection) as client:
        return await _entered(client, database, done)


async def _entered(client: KumaClient, database: Database | None, done: Outcome) -> Outcome:
    check_kept_database(database, client.state.info or {}, client.connection.shown)
    return dataclasses.replace(done, version=client.reported_version, token=await client.session_token())


async def _change_password(client: KumaClient, connection: Connection, current_password: str) -> None:
    passwords = {"currentPassword": current_password, "newPassword": connection.password}
    try:
        await client.call("changePassword", passwords)
    except CallFailed as error:
        if error.reason == "passwordTooWeak" or "too weak" in error.reason:
            raise too_weak(connection.shown) from None
        raise KumawatchError(
            f"Uptime Kuma at {connection.shown} refused to change the password of '{connection.username}': "
            f"{error.reason.rstrip('.')}; check api_current_password."
        ) from None
