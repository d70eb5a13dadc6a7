# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong around a run, with real servers: logins, networks, proxies, two runs at once, a server that dies."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import datetime
import ipaddress
import json
import re
import signal
import sqlite3
import ssl
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.client import Connection, KumaClient, connect
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.lock import STALE
from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.tags import LOCK
from lab.process import free_port
from tests.integration.tap import Tap

MODULE = "kuma_monitors"
ONE = [{"name": "api", "type": "http", "url": "http://127.0.0.1:9/", "interval": 3600, "state": "paused"}]

Result = dict[str, Any]


@pytest.fixture
def run(run_module: Any) -> Callable[..., Result]:
    """One run of the module with one monitor, with nothing to log in with but what is given."""

    def go(server: Any, monitors: list[dict[str, Any]] | None = None, *, check: bool = False, **options: Any) -> Result:
        params = {"monitors": ONE if monitors is None else monitors, "api_wait": 0, **options}
        result: Result = run_module(MODULE, params, server=server, login=False, check=check)
        return result

    return go


@pytest.fixture
def refused(run: Callable[..., Result]) -> Callable[..., str]:
    """The sentence of a run that must fail; the same in check mode."""

    def go(server: Any, **options: Any) -> str:
        results = [run(server, check=check, **options) for check in (True, False)]
        assert all(result["failed"] for result in results), results
        assert results[0]["msg"] == results[1]["msg"]
        for option in ("api_password", "api_token", "api_totp_secret"):
            if options.get(option):
                assert str(options[option]) not in json.dumps(results)
        return str(results[1]["msg"])

    return go


def login(server: Any) -> dict[str, str]:
    return {"api_username": server.username, "api_password": server.password}


def token_of(server: Any) -> str:
    async def ask(client: KumaClient) -> str:
        return str(await client.session_token())

    return str(server.talk(ask))


# -- logins ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("username", "password"), [("admin", "wrong horse 2"), ("nobody", "correct horse 1"), ("", "")]
)
def test_wrong_user_or_password(kuma: Any, refused: Callable[..., str], username: str, password: str) -> None:
    sentence = refused(kuma, api_username=username, api_password=password)
    if username:
        assert sentence == (
            f"Uptime Kuma at {kuma.url} refused user '{username}': wrong user name or password; check api_username and "
            "api_password."
        )
    else:
        assert sentence == (
            f"Uptime Kuma at {kuma.url} refused us, no login was given: set api_username and api_password, or a fresh "
            "api_token."
        )


def test_no_login_at_all(kuma: Any, refused: Callable[..., str]) -> None:
    assert refused(kuma) == (
        f"Uptime Kuma at {kuma.url} refused us, no login was given: set api_username and api_password, or a fresh "
        "api_token."
    )


@pytest.mark.parametrize("token", ["nonsense", "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ1c2VybmFtZSI6ImFkbWluIn0.c2ln"])
def test_a_token_that_is_none(kuma: Any, refused: Callable[..., str], run: Callable[..., Result], token: str) -> None:
    assert refused(kuma, api_token=token) == (
        f"Uptime Kuma at {kuma.url} refused us, the token is not valid (any more): set api_username and api_password, "
        "or a fresh api_token."
    )
    # With a password at hand it does not matter.
    result = run(kuma, api_token=token, **login(kuma))
    assert result["created"] == ["api"], result["msg"]


def test_a_token_dies_with_the_password(own_kuma: Any, refused: Callable[..., str], run: Callable[..., Result]) -> None:
    if own_kuma.version < (1, 23, 3):
        pytest.skip("here a token outlives the password")
    token = token_of(own_kuma)
    assert run(own_kuma, api_token=token)["created"] == ["api"]
    change = {
        "currentPassword": own_kuma.password,
        "newPassword": "other horse 22",
        "repeatNewPassword": "other horse 22",
    }
    own_kuma.call("changePassword", change)
    assert refused(own_kuma, api_token=token) == (
        f"Uptime Kuma at {own_kuma.url} refused us, the token is not valid (any more): set api_username and "
        "api_password, or a fresh api_token."
    )
    result = run(own_kuma, api_token=token, api_username=own_kuma.username, api_password="other horse 22")
    assert result["unchanged"] == ["api"], result["msg"]
    assert "wrong user name or password" in refused(own_kuma, api_token=token, **login(own_kuma))


def test_logins_from_the_environment(kuma: Any, _runner: Any) -> None:
    def run_module(env: dict[str, str]) -> Result:
        stdout, stderr, _status = _runner.run(MODULE, {"monitors": ONE, "_ansible_check_mode": True}, env)
        assert stderr == ""
        result: Result = json.loads(stdout)
        return result

    env = {
        "KUMAWATCH_KUMA_URL": kuma.url,
        "KUMAWATCH_KUMA_USERNAME": kuma.username,
        "KUMAWATCH_KUMA_PASSWORD": kuma.password,
    }
    result = run_module(env)
    assert result["created"] == ["api"], result["msg"]
    assert kuma.password not in json.dumps(result)
    by_token = {"KUMAWATCH_KUMA_URL": kuma.url, "KUMAWATCH_KUMA_TOKEN": token_of(kuma)}
    result = run_module(by_token)
    assert result["created"] == ["api"], result["msg"]
    assert by_token["KUMAWATCH_KUMA_TOKEN"] not in json.dumps(result)


@pytest.mark.slow
def test_the_limit_on_logins_is_met_with_patience(own_kuma: Any) -> None:
    """The server takes 20 a minute, then one every three seconds."""
    by_password = Connection(own_kuma.url, own_kuma.username, own_kuma.password)

    async def one() -> bool:
        async with connect(by_password, ("monitors",)) as client:
            return client.state.monitors is not None

    async def work() -> list[bool]:
        return [await one() for _ in range(18)] + list(await asyncio.gather(*(one() for _ in range(7))))

    assert asyncio.run(asyncio.wait_for(work(), 110)) == [True] * 25


def test_the_limit_on_logins_has_a_sentence(kuma: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from ansible_collections.kumawatch.monitoring.plugins.module_utils._errors import KumawatchError
    from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma import client as module

    async def refuse(self: Any, event: str, payload: Any, lists: Any) -> dict[str, Any]:
        return {"ok": False, "msg": "Too frequently, try again later."}

    monkeypatch.setattr(module.KumaClient, "_try", refuse)
    monkeypatch.setattr(module, "LOGIN_PATIENCE", 0.5)
    monkeypatch.setattr(module, "LOGIN_RETRY", 0.1)

    async def work() -> None:
        async with connect(Connection(kuma.url, "admin", "x")):
            pytest.fail("let in")

    with pytest.raises(KumawatchError) as caught:
        asyncio.run(work())
    assert str(caught.value) == (
        f"Uptime Kuma at {kuma.url} refused user 'admin': too many logins, for 0.5 s; use api_token, which is not "
        "limited."
    )


@pytest.fixture
def two_factors(own_kuma: Any) -> str:
    """Switch 2FA on; the secret."""

    async def work(client: KumaClient) -> str:
        answer = await client.call("prepare2FA", own_kuma.password)
        await client.call("save2FA", own_kuma.password)
        return urllib.parse.parse_qs(urllib.parse.urlsplit(answer["uri"]).query)["secret"][0]

    return str(own_kuma.talk(work))


def test_a_second_factor_is_asked_for(own_kuma: Any, two_factors: str, refused: Callable[..., str]) -> None:
    assert refused(own_kuma, **login(own_kuma)) == (
        f"Uptime Kuma at {own_kuma.url} asks 'admin' for a second factor: set api_totp_secret."
    )
    assert refused(own_kuma, api_totp_secret="no base32!", **login(own_kuma)) == (
        "api_totp_secret is not a base32 secret: copy it from where 2FA was switched on."
    )


@pytest.mark.slow
def test_a_second_factor_for_several_tasks_in_a_row(
    own_kuma: Any, two_factors: str, run: Callable[..., Result]
) -> None:
    """A code works once, so the second task waits for the next one; a task that goes on by token does not."""
    secret = two_factors
    results = [run(own_kuma, api_totp_secret=secret, **login(own_kuma)) for _ in range(2)]
    assert [result["failed"] for result in results] == [False, False], results
    assert [result["changed"] for result in results] == [True, False]
    assert not any(secret in json.dumps(result) for result in results)
    token = own_kuma.token  # of the time before
    started = time.monotonic()
    assert run(own_kuma, api_token=token, api_totp_secret=secret, **login(own_kuma))["unchanged"] == ["api"]
    assert time.monotonic() - started < 20


@pytest.mark.slow
def test_a_wrong_second_factor(own_kuma: Any, two_factors: str, run: Callable[..., Result]) -> None:
    result = run(own_kuma, api_totp_secret="JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", **login(own_kuma))
    assert result["msg"] == (
        f"Uptime Kuma at {own_kuma.url} refused user 'admin': the one-time code is wrong; check api_totp_secret and "
        "both clocks."
    )


@pytest.mark.parametrize(
    "credentials", [{}, {"api_username": "anyone", "api_password": "anything"}, {"api_token": "of another time"}]
)
def test_a_server_without_authentication(
    own_kuma: Any, run: Callable[..., Result], credentials: dict[str, str]
) -> None:
    async def switch_off(client: KumaClient) -> None:
        settings = (await client.call("getSettings"))["data"]
        await client.call("setSettings", {**settings, "disableAuth": True}, own_kuma.password)

    own_kuma.talk(switch_off)
    result = run(own_kuma, **credentials)
    assert result.get("created") == ["api"], result["msg"]
    assert run(own_kuma, **credentials)["unchanged"] == ["api"]


# -- networks ----------------------------------------------------------------------------------------------------------


def at(url: str) -> Any:
    """Somewhere that is no server of ours."""

    @dataclasses.dataclass
    class Nowhere:
        url: str
        username: str = "admin"
        password: str = "correct horse 1"
        token: None = None

    return Nowhere(url)


def test_nobody_listens(refused: Callable[..., str]) -> None:
    port = free_port()
    nowhere = at(f"http://127.0.0.1:{port}")
    assert refused(nowhere, **login(nowhere)) == (
        f"Uptime Kuma at http://127.0.0.1:{port} cannot be reached (Connect call failed ('127.0.0.1', {port})): check "
        "api_url and that the server runs."
    )


def test_a_name_that_does_not_exist(refused: Callable[..., str]) -> None:
    nowhere = at("http://kuma.invalid:3001")
    started = time.monotonic()
    sentence = refused(nowhere, **login(nowhere))
    assert re.fullmatch(
        r"Uptime Kuma at http://kuma\.invalid:3001 cannot be found \([A-Z][\w ,.]+\): check api_url\.", sentence
    ), sentence
    assert time.monotonic() - started < 30


def test_an_address_that_is_none(refused: Callable[..., str]) -> None:
    assert refused(at("status.example.com")) == (
        "api_url 'status.example.com' is not an http:// or https:// address: give it in full, e.g. "
        "https://status.example.com."
    )


@contextlib.contextmanager
def web_server(status: int, text: str = "hello") -> Iterator[Any]:
    """Something that speaks HTTP and is no Uptime Kuma."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield at(f"http://127.0.0.1:{server.server_port}")
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (200, "{url} does not answer as an Uptime Kuma server does (status 200): check api_url."),
        (404, "{url} does not answer as an Uptime Kuma server does (status 404): check api_url."),
        (
            401,
            "Uptime Kuma at {url} is behind a proxy that answers 401: give what it asks for in api_headers.",
        ),
        (
            407,
            "Uptime Kuma at {url} is behind a proxy that answers 407: give what it asks for in api_headers.",
        ),
        (503, "Uptime Kuma at {url} is not ready, its proxy answers 503: check that the server runs."),
    ],
)
def test_something_else_answers(refused: Callable[..., str], status: int, sentence: str) -> None:
    with web_server(status) as server:
        assert refused(server, **login(server)) == sentence.format(url=server.url)


def test_a_sub_path_behind_a_proxy_that_wants_a_header(
    kuma: Any, refused: Callable[..., str], run: Callable[..., Result]
) -> None:
    headers = {"X-Access": "opensesame-12345"}
    with Tap(kuma, prefix="/status/kuma", headers=headers) as tap:
        for url in (tap.url, tap.url + "/"):
            server = dataclasses.replace(tap.server, url=url)
            shown = url
            assert refused(server, **login(kuma)) == (
                f"Uptime Kuma at {shown} is behind a proxy that answers 403: give what it asks for in api_headers."
            )
            result = run(server, api_headers=headers, **login(kuma))
            assert result["unchanged" if url.endswith("/") else "created"] == ["api"], result["msg"]
            assert "opensesame" not in json.dumps(result)
        outside = dataclasses.replace(tap.server, url=tap.url.removesuffix("/kuma"))
        assert refused(outside, api_headers=headers, **login(kuma)) == (
            f"{outside.url} does not answer as an Uptime Kuma server does (status 404): check api_url."
        )
    assert "api" in kuma.monitors()


def test_a_proxy_that_passes_no_websockets(kuma: Any, refused: Callable[..., str]) -> None:
    with Tap(kuma, sockets=False) as tap:
        sentence = refused(tap.server, **login(kuma))
    assert re.fullmatch(
        re.escape(f"Uptime Kuma at {tap.url} answers, but opens no WebSocket (")
        + r"[^()]+\): if a proxy stands before it, let it pass WebSockets\.",
        sentence,
    ), sentence


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    """An authority of our own, and what a server with its certificate uses."""
    x509 = pytest.importorskip("cryptography.x509")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    directory = tmp_path_factory.mktemp("tls")
    now = datetime.datetime.now(datetime.UTC)

    def begin(name: str, issuer: str, key: Any) -> Any:
        def named(text: str) -> Any:
            return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

        return (
            x509.CertificateBuilder()
            .subject_name(named(name))
            .issuer_name(named(issuer))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(days=1))
        )

    usage = dict.fromkeys(
        (
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_id = x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key())
    ca = (
        begin("Our CA", "Our CA", ca_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.KeyUsage(digital_signature=True, key_cert_sign=True, crl_sign=True, **usage), critical=True)
        .add_extension(ca_id, critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    leaf = (
        begin("127.0.0.1", "Our CA", key)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(ca_id), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (directory / "ca.pem").write_bytes(ca.public_bytes(pem))
    (directory / "server.pem").write_bytes(
        leaf.public_bytes(pem) + key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / "server.pem")
    return directory / "ca.pem", context


def test_a_certificate_of_an_own_authority(
    kuma: Any,
    refused: Callable[..., str],
    run: Callable[..., Result],
    authority: tuple[Path, ssl.SSLContext],
    tmp_path: Path,
) -> None:
    ca, trust = authority
    with Tap(kuma, trust=trust) as tap:
        sentence = refused(tap.server, **login(kuma))
        assert re.fullmatch(
            re.escape(f"Uptime Kuma at {tap.url} has a certificate that is not trusted (")
            + r"[^()]*certificate verify failed[^()]*(\([^()]*\))?\): name its authority in ca_path\.",
            sentence,
        ), sentence
        result = run(tap.server, ca_path=str(ca), **login(kuma))
        assert result.get("created") == ["api"], result["msg"]
        result = run(tap.server, validate_certs=False, **login(kuma))
        assert result.get("unchanged") == ["api"], result["msg"]
        # The name must fit as well, not only the authority.
        elsewhere = dataclasses.replace(tap.server, url=tap.url.replace("127.0.0.1", "localhost"))
        assert "has a certificate that is not trusted (" in refused(elsewhere, ca_path=str(ca), **login(kuma))
        assert refused(tap.server, ca_path="/nowhere.pem", **login(kuma)) == (
            "ca_path '/nowhere.pem' cannot be read (No such file or directory): check the path."
        )
        (tmp_path / "junk.pem").write_text("junk")
        assert re.fullmatch(
            re.escape(f"ca_path '{tmp_path}/junk.pem' cannot be read (") + r"[^\n]+\): check the path\.",
            refused(tap.server, ca_path=str(tmp_path / "junk.pem"), **login(kuma)),
        )


def test_plain_http_where_tls_is_spoken(
    kuma: Any, refused: Callable[..., str], authority: tuple[Path, ssl.SSLContext]
) -> None:
    with Tap(kuma, trust=authority[1]) as tap:
        plain = dataclasses.replace(tap.server, url=tap.url.replace("https", "http"))
        sentence = refused(plain, **login(kuma))
    assert sentence.startswith((f"Uptime Kuma at {plain.url} cannot be reached (", f"{plain.url} does not answer as"))
    assert "check api_url" in sentence


# -- servers that are not ready ----------------------------------------------------------------------------------------


def test_a_server_whose_database_is_not_chosen(wizard_kuma: Any, run: Callable[..., Result], run_module: Any) -> None:
    with contextlib.suppress(AssertionError):  # what has no wizard is merely without a user
        predicted = run(wizard_kuma, check=True, **login(wizard_kuma))
        assert predicted.get("created") == ["api"], predicted["msg"]
    result = run(wizard_kuma, **login(wizard_kuma))
    assert result["failed"]
    assert result["msg"] in (
        f"Uptime Kuma at {wizard_kuma.url} still waits for its database to be chosen: run "
        "kumawatch.monitoring.kuma_setup.",
        f"Uptime Kuma at {wizard_kuma.url} has no user yet: run kumawatch.monitoring.kuma_setup first.",
    )
    assert not run_module("kuma_setup", {}, server=wizard_kuma)["failed"]
    result = run(wizard_kuma, api_wait=30, **login(wizard_kuma))
    assert result.get("created") == ["api"], result["msg"]


def test_a_server_without_a_user(fresh_kuma: Any, run: Callable[..., Result]) -> None:
    predicted = run(fresh_kuma, check=True, **login(fresh_kuma))
    assert (predicted["created"], predicted["msg"]) == (["api"], "1 to create, 0 to update, 0 to delete, 0 unchanged")
    assert run(fresh_kuma, **login(fresh_kuma))["msg"] == (
        f"Uptime Kuma at {fresh_kuma.url} has no user yet: run kumawatch.monitoring.kuma_setup first."
    )


def test_a_server_that_is_just_starting(own_kuma: Any, run: Callable[..., Result]) -> None:
    own_kuma.stop()
    with ThreadPoolExecutor(1) as pool:
        started = time.monotonic()
        result = pool.submit(run, own_kuma, api_wait=60, **login(own_kuma))
        time.sleep(1.5)
        assert not result.done()
        own_kuma.start()
        assert result.result(60).get("created") == ["api"], result.result()["msg"]
        assert time.monotonic() - started >= 1.5


def test_waiting_for_a_server_has_an_end(refused: Callable[..., str]) -> None:
    nowhere = at(f"http://127.0.0.1:{free_port()}")
    started = time.monotonic()
    assert "cannot be reached" in refused(nowhere, api_wait=1, **login(nowhere))
    assert 2 <= time.monotonic() - started < 20  # it is asked twice


# -- two runs, and runs that die ---------------------------------------------------------------------------------------


def fleet(count: int) -> list[dict[str, Any]]:
    """Monitors in groups with tags."""
    return [
        *({"name": f"g{number}", "type": "group", "interval": 3600} for number in range(5)),
        *(
            {
                **ONE[0],
                "name": f"m{number:04}",
                "group": f"g{number % 5}",
                "tags": [{"name": "owner", "value": str(number % 3)}],
            }
            for number in range(count - 5)
        ),
    ]


def assert_in_order(server: Any, count: int) -> None:
    """Every monitor once, in its group, with exactly its tags."""
    monitors = server.monitors()
    assert len(monitors) == count
    raw = server.talk(_count)
    assert raw == count, "a path exists twice"
    for label, monitor in monitors.items():
        tags = sorted((tag["name"], tag["value"]) for tag in monitor["tags"])
        number = label.rpartition("m")[2]
        owner = [("owner", str(int(number) % 3))] if " / " in label else []
        assert tags == [("managed-by", "kumawatch"), *owner], label
    names = [tag["name"] for tag in server.call("getTags")["tags"]]
    assert sorted(names) == ["managed-by", "owner"]


async def _count(client: KumaClient) -> int:
    return len(client.state.monitors or {})


def test_two_runs_at_once_make_no_duplicates(kuma: Any, run: Callable[..., Result]) -> None:
    declared = fleet(40)
    with ThreadPoolExecutor(3) as pool:
        results = list(pool.map(lambda number: run(kuma, declared, **login(kuma)), range(3)))
    assert [result["msg"] for result in results if result["failed"]] == []
    assert sorted(len(result["created"]) for result in results) == [0, 0, 40]
    assert sorted(len(result["unchanged"]) for result in results) == [0, 40, 40]
    assert_in_order(kuma, 40)


def test_the_lock_of_a_dead_run_delays_but_does_not_stop(kuma: Any, run: Callable[..., Result]) -> None:
    kuma.call("addTag", {"name": f"{LOCK}gone:1:abc 4", "color": "#000000"})
    assert run(kuma, check=True, **login(kuma))["created"] == ["api"]  # only who writes needs the lock
    started = time.monotonic()
    assert run(kuma, **login(kuma))["created"] == ["api"]
    assert STALE < time.monotonic() - started < STALE + 20
    assert [tag["name"] for tag in kuma.call("getTags")["tags"]] == ["managed-by"]
    # With nothing to write nobody waits for a lock either.
    kuma.call("addTag", {"name": f"{LOCK}gone:1:abc 4", "color": "#000000"})
    started = time.monotonic()
    assert not run(kuma, **login(kuma))["changed"]
    assert time.monotonic() - started < STALE


def rows(server: Any) -> int:
    with contextlib.closing(sqlite3.connect(f"file:{server.data}/kuma.db?mode=ro", uri=True, timeout=10)) as database:
        return int(database.execute("SELECT count(*) FROM monitor").fetchone()[0])


def test_a_server_killed_in_the_middle(own_kuma: Any, run: Callable[..., Result]) -> None:
    count = 300 if own_kuma.version >= (2, 0, 0) else 60
    declared = fleet(count)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(run, own_kuma, declared, **login(own_kuma))
        deadline = time.monotonic() + 100
        while rows(own_kuma) < count // 3:
            assert time.monotonic() < deadline and not first.done(), first.result()
            time.sleep(0.01)
        own_kuma.stop(signal.SIGKILL)
        result = first.result(60)
    assert result["failed"]
    found = re.fullmatch(
        re.escape(f"Uptime Kuma at {own_kuma.url} closed the connection after ")
        + rf"(\d+) of {count} changes: run the task again to make the rest\.",
        result["msg"],
    )
    assert found, result["msg"]
    assert 0 < int(found[1]) < count
    assert int(found[1]) == len(result["created"])
    assert len(result["failures"]) == count - len(result["created"])
    assert result["changed"]

    own_kuma.start()
    left = rows(own_kuma)
    assert count // 3 <= left < count
    result = run(own_kuma, declared, api_wait=30, **login(own_kuma))
    assert not result["failed"], result["msg"]
    assert len(result["created"]) == count - left
    assert_in_order(own_kuma, count)
    assert not run(own_kuma, declared, **login(own_kuma))["changed"]
