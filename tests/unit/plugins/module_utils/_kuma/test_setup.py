# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Setting a server up: what is decided without one."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import KumawatchError
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma import setup
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.client import Connection
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.setup import Database, Outcome

URL = "https://status.example.com"
MARIADB = Database("mariadb", "db", 3306, "kuma", "kuma", "geheim")


@pytest.mark.parametrize("password", ["", "abcd1", "abcdef", "ABCDEF", "123456", "!!!!!!", "abc de", "äöüäö1", "😀a1"])
def test_weak_passwords(password: str) -> None:
    assert setup.is_weak(password)


@pytest.mark.parametrize("password", ["abcde1", "ABCDEf", "12345!", "correct horse 1", "😀😀a1"])
def test_passwords_that_are_strong_enough(password: str) -> None:
    assert not setup.is_weak(password)


@given(st.text(max_size=30), st.text(max_size=5))
def test_a_longer_password_is_never_weaker(password: str, more: str) -> None:
    assert setup.is_weak(password) or not setup.is_weak(password + more)


@given(st.text(st.sampled_from(string.ascii_lowercase), max_size=40))
def test_one_kind_of_letters_is_weak_at_any_length(password: str) -> None:
    assert setup.is_weak(password)


def test_what_the_wizard_takes() -> None:
    assert Database().wire() == {"type": "sqlite"}
    assert Database("embedded-mariadb", "ignored").wire() == {"type": "embedded-mariadb"}
    plain = {
        "type": "mariadb",
        "hostname": "db",
        "port": 3306,
        "dbName": "kuma",
        "username": "kuma",
        "password": "geheim",
    }
    assert MARIADB.wire() == plain
    with_tls = Database("mariadb", "db", 3306, "kuma", "kuma", "geheim", ssl=True)
    assert with_tls.wire() == {**plain, "ssl": True, "ca": ""}


@pytest.mark.parametrize(
    ("database", "sentence"),
    [
        (Database("mariadb", "db"), "database of type mariadb needs name and username and password: add them."),
        (
            Database("mariadb", "db", 3306, "kuma", "kuma"),
            "database of type mariadb needs password: add it.",
        ),
    ],
)
def test_database_that_lacks_something(database: Database, sentence: str) -> None:
    with pytest.raises(KumawatchError) as error:
        setup.check_database(database)
    assert str(error.value) == sentence


def test_database_that_is_complete() -> None:
    for database in (Database(), Database("embedded-mariadb"), MARIADB):
        setup.check_database(database)


@pytest.mark.parametrize(
    ("database", "info", "sentence"),
    [
        (
            Database("embedded-mariadb"),
            {},
            (
                f"Uptime Kuma at {URL} has no embedded MariaDB: only its full container image does, with "
                f"UPTIME_KUMA_ENABLE_EMBEDDED_MARIADB=1; choose another database.type."
            ),
        ),
        (
            Database("mariadb", None, 3306, "kuma", "kuma", "geheim"),
            {"isEnabledMariaDBSocket": False},
            f"Uptime Kuma at {URL} has no socket to a MariaDB: say where the database is in database.hostname.",
        ),
        (
            Database("mariadb", "db", 3306, "kuma", "kuma", "geheim", ssl=True),
            {},
            (
                f"Uptime Kuma at {URL} would ignore database.ssl, which needs release 2.1.0: upgrade it, or leave this "
                f"out."
            ),
        ),
    ],
)
def test_what_a_wizard_does_not_offer(database: Database, info: dict[str, bool], sentence: str) -> None:
    with pytest.raises(KumawatchError) as error:
        setup.check_wizard(database, info, URL)
    assert str(error.value) == sentence


def test_what_a_wizard_offers() -> None:
    setup.check_wizard(Database(), {}, URL)
    setup.check_wizard(MARIADB, {}, URL)
    setup.check_wizard(Database("embedded-mariadb"), {"isEnabledEmbeddedMariaDB": True}, URL)
    setup.check_wizard(
        Database("mariadb", None, 3306, "kuma", "kuma", "geheim", ssl=True), {"isEnabledMariaDBSocket": True}, URL
    )


def test_database_that_a_server_has() -> None:
    setup.check_kept_database(None, {"dbType": "mariadb"}, URL)
    setup.check_kept_database(Database(), {"dbType": "sqlite"}, URL)
    setup.check_kept_database(Database(), {"version": "1.23.17"}, URL)
    setup.check_kept_database(MARIADB, {"version": "2.0.0-dev.0"}, URL)  # it does not say
    for info in ({"dbType": "sqlite"}, {"version": "1.23.17"}):
        with pytest.raises(KumawatchError) as error:
            setup.check_kept_database(MARIADB, info, URL)
        assert str(error.value) == (
            f"Uptime Kuma at {URL} keeps its data in sqlite, and database.type is mariadb: a server that has a "
            f"database cannot get another one this way; correct database.type, or move the data by hand."
        )


def test_credentials() -> None:
    setup.check_credentials(Connection(URL, "admin", "geheim"))
    for username, password in ((None, "x"), ("", "x"), ("x", "")):
        option = "api_password" if username else "api_username"
        with pytest.raises(KumawatchError) as error:
            setup.check_credentials(Connection(URL, username, password))
        assert str(error.value) == (
            f"{option} is not set: give the name and the password that the server's first user has or gets."
        )


def test_refusals() -> None:
    connection = Connection("https://u:geheim@status.example.com", "admin", "geheim")
    assert str(setup.not_ours(connection, tried_current=False)) == (
        f"Uptime Kuma at {URL} has been set up already and refused user 'admin', wrong user name or password: nothing "
        f"was changed; check api_username and api_password, or, to change the password to api_password, give the one "
        f"it has in api_current_password."
    )
    assert str(setup.not_ours(connection, tried_current=True)) == (
        f"Uptime Kuma at {URL} has been set up already and refused user 'admin' both with api_password and with "
        f"api_current_password: nothing was changed; check the three options."
    )
    assert str(setup.too_weak(URL)) == (
        f"Uptime Kuma at {URL} finds api_password too weak: take at least 6 characters, and mix letters with digits or "
        f"symbols."
    )


def test_outcome_that_changes_nothing() -> None:
    outcome = Outcome(version="2.5.3", token="geheim")
    assert outcome.result(URL, done=True) == {
        "changed": False,
        "msg": "set up already",
        "database_chosen": False,
        "user_created": False,
        "password_changed": False,
        "diff": [],
        "version": "2.5.3",
        "token": "geheim",
    }


def test_outcome_that_changes_everything() -> None:
    outcome = Outcome("sqlite", "admin", True)
    header = f"server {URL}"
    assert outcome.result(URL, done=False) == {
        "changed": True,
        "msg": "database sqlite to be chosen, first user 'admin' to be created, password to be changed",
        "database_chosen": True,
        "user_created": True,
        "password_changed": True,
        "diff": [
            {
                "before_header": header,
                "after_header": header,
                "before": {"database": None, "first_user": None, "api_password": "(secret, before)"},
                "after": {"database": "sqlite", "first_user": "admin", "api_password": "(secret, after)"},
            }
        ],
    }
    assert outcome.message(done=True) == "database sqlite chosen, first user 'admin' created, password changed"


def test_secrets_are_in_no_repr() -> None:
    connection = Connection(URL, "admin", "geheim", "geheim", "geheim", {"X": "geheim"})
    assert "geheim" not in f"{connection} {MARIADB} {Outcome(token='geheim')}"
