# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Talk to an Uptime Kuma server: one connection, one login, the lists that the login pushes.

The wire is Socket.IO. What the server does differently from what one would expect, and how it is met here:

* Releases from 2.0.0 drop packets that are sent before their handlers are registered, so nothing is sent before
  ``loginRequired``, ``autoLogin`` or ``setup``. Uptime Kuma 1.23 announces nothing but ``info``.
* A login pushes every list. They are kept in :class:`State` and brought up to date by what the server pushes when
  anyone changes something, so they are never asked for twice.
* Heartbeats and statistics follow the lists and take most of a login's time. Nobody here needs them, so a caller goes
  on as soon as the lists that it named have arrived.
* Logins are limited to 20 a minute for the whole server. Refusals for that reason are waited out.
* A call whose connection is lost never gets an answer; it fails at once instead of after its timeout.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast
from urllib.parse import SplitResult, quote, urlsplit

from .._errors import KumawatchError
from .fields import Version, dialect
from .state import State

try:
    import aiohttp
    import socketio
except ImportError:  # said in a sentence by the module, see bulk.require_libraries
    aiohttp = None  # type: ignore[assignment]
    socketio = None

T = TypeVar("T")

#: Calls under way at once. Uptime Kuma answers one at a time; more than this gains nothing.
WINDOW = 50
#: How long a refused login is tried again: the limiter lets one through every three seconds.
LOGIN_PATIENCE = 120.0
LOGIN_RETRY = 3.0


class ConnectionLost(KumawatchError):
    """The server went away while we were talking to it."""


class CallFailed(KumawatchError):
    """The server refused one call and said why: ``reason`` holds its own words."""

    def __init__(self, message: str, reason: str | None = None) -> None:
        super().__init__(message)
        self.reason = message if reason is None else reason


@dataclass(frozen=True)
class Connection:
    """Where the server is and who we are. ``timeout`` is seconds for one answer, ``wait`` seconds for the server to be
    ready."""

    url: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    totp_secret: str | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    validate_certs: bool = True
    ca_path: str | None = None
    timeout: float = 60.0
    wait: float = 30.0

    @property
    def shown(self) -> str:
        """The URL without user name and password."""
        parts = urlsplit(self.url)
        return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


class KumaClient:
    """One connection to one server. Use :func:`connect`."""

    def __init__(self, connection: Connection, record: Collection[str] = ()) -> None:
        self.connection = connection
        self.state = State()
        #: Every payload of the events that were asked to be recorded, in order of arrival.
        self.recorded: dict[str, list[tuple[Any, ...]]] = {event: [] for event in record}
        #: Whether the server has no user yet (its first-run wizard waits).
        self.needs_setup = False
        #: A token that logs in without counting against the limit, until the password changes.
        self.token: str | None = connection.token
        self._announced: set[str] = set()
        self._news = asyncio.Event()
        self._pending: set[asyncio.Future[Any]] = set()
        self._lost = False
        self._login: asyncio.Task[Any] | None = None
        self._session: aiohttp.ClientSession | None = None
        self._socket: Any = None

    # -- what a caller reads ----------------------------------------------------------------------------------------

    @property
    def version(self) -> Version:
        """The release whose schema the server has. Known after the login."""
        return dialect(self.state.info or {})

    @property
    def reported_version(self) -> str:
        """The version as the server says it, for messages."""
        return str((self.state.info or {}).get("version") or "unknown")

    @property
    def pushes_single_monitors(self) -> bool:
        """Whether a change pushes the one monitor (2.x) and not the whole list (1.23)."""
        return self.version >= (2, 0, 0)

    # -- calls --------------------------------------------------------------------------------------------------------

    async def call(self, event: str, *args: Any, timeout: float | None = None) -> dict[str, Any]:
        """Send one event and return its answer.

        :raises CallFailed: the server answered ``ok: false``.
        :raises ConnectionLost: the connection ended before the answer came.
        :raises KumawatchError: no answer in time.
        """
        answer = await self._emit(event, args, timeout)
        if isinstance(answer, Mapping) and answer.get("ok") is False:
            raise CallFailed(_words(answer.get("msg")) or f"{event} was refused without a reason")
        return dict(answer) if isinstance(answer, Mapping) else {"value": answer}

    async def _emit(self, event: str, args: tuple[Any, ...], timeout: float | None = None) -> Any:
        if self._lost:
            raise self._connection_lost()
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

        def answered(*values: Any) -> None:
            if not future.done():
                future.set_result(values[0] if values else None)

        self._pending.add(future)
        try:
            await self._socket.emit(event, args, callback=answered)
            return await asyncio.wait_for(future, timeout or self.connection.timeout)
        except TimeoutError:
            raise KumawatchError(
                f"Uptime Kuma at {self.connection.shown} did not answer '{event}' within "
                f"{timeout or self.connection.timeout:g} s: see its log, or raise api_timeout."
            ) from None
        except socketio.exceptions.SocketIOError:
            raise self._connection_lost() from None
        finally:
            self._pending.discard(future)

    def _connection_lost(self) -> ConnectionLost:
        return ConnectionLost(f"Uptime Kuma at {self.connection.shown} closed the connection.")

    async def each(
        self, items: Iterable[T], act: Callable[[T], Awaitable[None]], window: int | None = None
    ) -> list[tuple[T, KumawatchError]]:
        """Run ``act`` for each item, a bounded number at once; returns the items that failed, in order, with the
        reason.

        A lost connection fails the items under way and every later one, without trying them.
        """
        gate = asyncio.Semaphore(window or (WINDOW if self.pushes_single_monitors else 1))
        results: list[tuple[T, KumawatchError | None]] = []

        async def one(item: T) -> tuple[T, KumawatchError | None]:
            async with gate:
                try:
                    await act(item)
                except KumawatchError as error:
                    return item, error
                return item, None

        results = await asyncio.gather(*(one(item) for item in items))
        return [(item, error) for item, error in results if error is not None]

    async def get(self, path: str) -> Any:
        """Fetch JSON over HTTP, for the few things that the socket does not tell. ``None`` when there is no such
        thing."""
        return await self._http("GET", path)

    async def download(self, path: str) -> bytes | None:
        """Fetch a file over HTTP. ``None`` when there is no such thing."""
        return await self._http("GET", path, json=False)

    async def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """Post JSON over HTTP."""
        return await self._http("POST", path, body)

    async def _http(self, method: str, path: str, body: Mapping[str, Any] | None = None, json: bool = True) -> Any:
        session = cast("aiohttp.ClientSession", self._session)
        url = self.connection.url.rstrip("/") + quote(path)
        # The server keeps its answers for five minutes, and not every change makes it forget them.
        headers = {"x-apicache-bypass": "true"}
        try:
            async with session.request(method, url, json=body, headers=headers) as response:
                if response.status == 404:
                    return None
                if response.status >= 400:
                    reason = (await response.text())[:200].strip().strip('"')
                    raise CallFailed(f"{path} answered {response.status}: {reason}", reason)
                if not json:
                    return await response.read()
                if "json" not in response.content_type:
                    return None
                return await response.json()
        except (TimeoutError, aiohttp.ClientError, ValueError) as error:
            raise KumawatchError(
                f"Uptime Kuma at {self.connection.shown} could not be asked for {path}: {_reason(error)}."
            ) from None

    async def wait_for(self, *lists: str) -> None:
        """Wait until the named attributes of :class:`State` have been pushed."""
        await self.until(lambda: not self._missing(lists), f"send its {' and '.join(self._missing(lists))}")

    def _missing(self, lists: Iterable[str]) -> list[str]:
        """Those of the named attributes that have not been pushed; an info counts once it tells the version."""
        missing = [name for name in lists if getattr(self.state, name) is None]
        # One was sent at the connection, too, without its version: only the one that follows a login has it.
        if "info" in lists and "info" not in missing and "version" not in (self.state.info or {}):
            missing.append("info")
        return missing

    async def delete_monitor(self, ident: int) -> None:
        """Delete a monitor and take it off the list."""
        await self.call("deleteMonitor", ident)
        monitors = self.state.monitors or {}
        if self.pushes_single_monitors:
            monitors.pop(ident, None)  # the server tells everybody only after its answer
        elif ident in monitors:
            # 1.23 makes up the whole list anew, after its answer. Where nobody waits for it, many such lists are in the
            # making at once, the older the longer, and the next task, too, would get one from before the last deletion.
            await self.until(lambda: ident not in (self.state.monitors or {}), f"take monitor {ident} off its list")

    async def until(self, condition: Callable[[], bool], what: str, within: float | None = None) -> None:
        """Wait until a condition holds that a push or an answer may bring about; ``what`` is for the message."""
        deadline = time.monotonic() + (within or self.connection.timeout)
        while not condition():
            if self._lost:
                raise self._connection_lost()
            self._news.clear()
            try:
                await asyncio.wait_for(self._news.wait(), max(0.0, deadline - time.monotonic()))
            except TimeoutError:
                raise KumawatchError(
                    f"Uptime Kuma at {self.connection.shown} did not {what} within {self.connection.timeout:g} s: "
                    f"see its log, or raise api_timeout."
                ) from None

    # -- connecting
    # -----------------------------------------------------------------------------------------------------

    def _heard(self, event: str, *args: Any) -> None:
        self._announced.add(event)
        if event in self.recorded:
            self.recorded[event].append(args)
        self.state.receive(event, args)
        self._news.set()

    def _disconnected(self, *reason: Any) -> None:
        self._lost = True
        for future in self._pending:
            if not future.done():
                future.set_exception(self._connection_lost())
        self._news.set()

    async def _open(self) -> None:
        """Connect, and wait as long as the user allows for a server that is just starting."""
        deadline = time.monotonic() + self.connection.wait
        while True:
            try:
                await self._dial()
                await self._be_greeted()
                return
            except _NotReady as error:
                if time.monotonic() >= deadline:
                    raise KumawatchError(str(error)) from None
            await self._hang_up()
            await asyncio.sleep(0.25)

    async def _be_greeted(self) -> None:
        """Wait until the server listens.

        2.x says so, and drops what comes earlier; 1.23 never says it, but answers a question at once.
        """
        await self.until(lambda: bool(self._announced & {"info", *_GREETINGS}), "greet us")
        question = asyncio.ensure_future(self._emit("needSetup", ()))
        question.add_done_callback(lambda task: self._news.set())
        try:
            await self.until(lambda: question.done() or bool(self._announced & _GREETINGS), "greet us")
        finally:
            question.cancel()
            with contextlib.suppress(asyncio.CancelledError, KumawatchError):
                await question

    def _open_session(self) -> ssl.SSLContext | bool:
        """Prepare for HTTP; returns what to trust."""
        trust = _trust(self.connection) if urlsplit(self.connection.url).scheme == "https" else True
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=trust),
            headers=dict(self.connection.headers),
            timeout=aiohttp.ClientTimeout(total=self.connection.timeout),
            trust_env=True,
        )
        return trust

    async def _dial(self) -> None:
        parts = urlsplit(self.connection.url)
        if parts.scheme not in ("http", "https") or not parts.hostname or not _has_valid_port(parts):
            raise KumawatchError(
                f"api_url '{self.connection.shown}' is not an http:// or https:// address: give it in full, e.g. "
                f"https://status.example.com."
            )
        trust = self._open_session()
        self._lost = False
        self._announced.clear()
        # The list of 1,000 monitors is one message of 3 MB: no limit on what may come in.
        self._socket = socketio.AsyncClient(
            reconnection=False, http_session=self._session, websocket_extra_options={"max_msg_size": 0, "ssl": trust}
        )
        self._socket.on("*", self._heard)
        self._socket.on("disconnect", self._disconnected)
        origin = parts._replace(path="", query="", fragment="").geturl()
        try:
            await self._socket.connect(
                origin,
                headers=dict(self.connection.headers),
                transports=["websocket"],
                socketio_path=parts.path.strip("/") + "/socket.io" if parts.path.strip("/") else "socket.io",
                wait_timeout=min(self.connection.timeout, 10.0),
            )
        except socketio.exceptions.ConnectionError as error:
            raise await self._why_not(error) from None

    async def _why_not(self, error: Exception) -> KumawatchError:
        """Find the reason why no socket was opened, which the socket library does not tell."""
        shown = self.connection.shown
        session = cast("aiohttp.ClientSession", self._session)
        try:
            async with session.get(self.connection.url.rstrip("/") + "/setup-database-info") as response:
                status, text = response.status, await response.text()
        except aiohttp.ClientConnectorCertificateError as trouble:
            return KumawatchError(
                f"Uptime Kuma at {shown} has a certificate that is not trusted ({_reason(trouble)}): name its "
                f"authority in ca_path."
            )
        except aiohttp.ClientConnectorDNSError as trouble:
            return KumawatchError(f"Uptime Kuma at {shown} cannot be found ({_reason(trouble)}): check api_url.")
        except (TimeoutError, aiohttp.ClientError) as trouble:
            return _NotReady(
                f"Uptime Kuma at {shown} cannot be reached ({_reason(trouble)}): check api_url and that the server "
                "runs."
            )
        if status == 200 and '"needSetup":true' in text.replace(" ", ""):
            return DatabaseNotChosen(
                f"Uptime Kuma at {shown} still waits for its database to be chosen: run "
                "kumawatch.monitoring.kuma_setup."
            )
        if status in (502, 503, 504):
            return _NotReady(
                f"Uptime Kuma at {shown} is not ready, its proxy answers {status}: check that the server runs."
            )
        if status in (401, 403, 407):
            return KumawatchError(
                f"Uptime Kuma at {shown} is behind a proxy that answers {status}: give what it asks for in api_headers."
            )
        if status == 200 and ("needSetup" in text or "<title>Uptime Kuma<" in text):  # 1.23 shows its page
            # It answers as Uptime Kuma does, so it is one: starting, or behind a proxy that passes no WebSockets.
            return _NotReady(
                f"Uptime Kuma at {shown} answers, but opens no WebSocket ({_reason(error)}): if a proxy stands before "
                f"it, let it pass WebSockets."
            )
        return _NotReady(f"{shown} does not answer as an Uptime Kuma server does (status {status}): check api_url.")

    async def _close(self) -> None:
        if self._login is not None and not self._login.done():
            self._login.cancel()
            with contextlib.suppress(asyncio.CancelledError, KumawatchError):
                await self._login
        await self._hang_up()

    async def _hang_up(self) -> None:
        if self._socket is not None:
            with contextlib.suppress(Exception):
                await self._socket.disconnect()
        if self._session is not None:
            await self._session.close()

    # -- logging in
    # -------------------------------------------------------------------------------------------------------

    async def _log_in(self, lists: tuple[str, ...]) -> None:
        """Log in; done when the named lists are here. Heartbeats, which come last, are not waited for."""
        if "setup" in self._announced:
            self.needs_setup = True
            self.state = State.empty()
            return
        if "autoLogin" in self._announced:  # authentication is switched off on this server
            await self.wait_for("info", *lists)
            return
        if not self.connection.token and self.connection.password is None and await self._let_in(lists, within=5.0):
            return
        refused = "no login was given"
        if self.connection.token:
            if (await self._try("loginByToken", self.connection.token, lists)).get("ok"):
                return
            refused = "the token is not valid (any more)"
            if self.connection.password is None and await self._let_in(lists, within=2.0):
                return
        if not self.connection.username or self.connection.password is None:
            raise KumawatchError(
                f"Uptime Kuma at {self.connection.shown} refused us, {refused}: set api_username and api_password, "
                f"or a fresh api_token."
            )
        await self._log_in_by_password(lists)

    async def _let_in(self, lists: tuple[str, ...], within: float) -> bool:
        """Whether authentication is switched off after all: 2.x sends every list before it says 'autoLogin'.

        Where it is on, 2.x says 'loginRequired' at once; 1.23 says nothing, and is waited for in vain.
        """
        signs = {"loginRequired", "autoLogin", "monitorList"}
        with contextlib.suppress(KumawatchError):
            await self.until(lambda: bool(self._announced & signs), "let us in", within)
        if "loginRequired" in self._announced or not self._announced & signs:
            return False
        await self.wait_for("info", *lists)
        return True

    async def _log_in_by_password(self, lists: tuple[str, ...]) -> None:
        credentials = {"username": self.connection.username, "password": self.connection.password, "token": ""}
        shown, deadline, used = self.connection.shown, time.monotonic() + LOGIN_PATIENCE, ""
        while True:
            answer = await self._try("login", credentials, lists)
            if answer.get("ok"):
                return
            reason = str(answer.get("msg", ""))
            retry_in = LOGIN_RETRY * random.uniform(1.0, 1.5)  # several waiters must not come back together
            if answer.get("tokenRequired"):
                if not self.connection.totp_secret:
                    raise KumawatchError(
                        f"Uptime Kuma at {shown} asks '{self.connection.username}' for a second factor: set "
                        "api_totp_secret."
                    )
                used = credentials["token"] = _one_time_code(self.connection.totp_secret)
                continue
            if "Too frequently" in reason:
                pass
            elif credentials["token"] and reason in ("authInvalidToken", "Invalid Token!"):
                # A code works once: another task may have used this one. The next differs.
                credentials["token"] = _one_time_code(self.connection.totp_secret or "")
                if credentials["token"] != used:
                    used = credentials["token"]
                    retry_in = 0.0
                else:
                    # It comes with the next half minute. To ask before would only use up the 20 logins of a minute.
                    deadline = min(deadline, time.monotonic() + 35)
                    retry_in = 30.5 - time.time() % 30
            else:
                if await self._let_in(lists, within=2.0):
                    return
                raise LoginRefused(
                    f"Uptime Kuma at {shown} refused user '{self.connection.username}': wrong user name or password; "
                    f"check api_username and api_password."
                )
            if time.monotonic() + retry_in >= deadline:
                raise KumawatchError(
                    f"Uptime Kuma at {shown} refused user '{self.connection.username}': "
                    + (
                        "the one-time code is wrong; check api_totp_secret and both clocks."
                        if credentials["token"]
                        else f"too many logins, for {LOGIN_PATIENCE:g} s; use api_token, which is not limited."
                    )
                )
            await asyncio.sleep(retry_in)

    async def _try(self, event: str, payload: Any, lists: tuple[str, ...]) -> Mapping[str, Any]:
        """Send one login. The lists are as good as the answer, and come long before it."""
        self._login = asyncio.ensure_future(self._emit(event, (payload,)))
        self._login.add_done_callback(lambda task: self._news.set())
        wanted = ("info", *lists)
        try:
            await self.until(
                lambda: self._login_answered or not self._missing(wanted),
                "answer the login",
            )
        except KumawatchError:
            self._login.cancel()
            raise
        if not self._login_answered:
            return {"ok": True}
        answer = dict(self._login.result() or {})
        if answer.get("ok"):
            self.token = answer.get("token") or self.connection.token
            await self.wait_for(*wanted)
        return answer

    @property
    def _login_answered(self) -> bool:
        return self._login is not None and self._login.done()

    async def session_token(self) -> str | None:
        """The token that this login earned, for later tasks. Waits until the server has ended the login."""
        if self._login is not None:
            answer = await self._login
            self.token = (answer or {}).get("token") or self.connection.token
        return self.token


def _has_valid_port(parts: SplitResult) -> bool:
    try:
        return parts.port is None or parts.port > 0
    except ValueError:
        return False


_STATEMENT = re.compile(r"\s*(insert|update|delete|select|alter|create|drop|replace)\b.* - ", re.IGNORECASE | re.DOTALL)
_GREETINGS = frozenset({"loginRequired", "autoLogin", "setup"})


class _NotReady(KumawatchError):
    """Not now, perhaps soon."""


class DatabaseNotChosen(KumawatchError):
    """A new 2.x server whose first wizard waits."""


class LoginRefused(KumawatchError):
    """The server is there, but does not know this user with this password."""


def _words(message: Any) -> str:
    """A refusal in the server's words. Its database's begin with the statement, secrets and all: it is left out."""
    text = str(message or "")
    return text.rpartition(" - ")[2] if _STATEMENT.match(text) else text


def _reason(error: BaseException) -> str:
    """The heart of a network error, without the layers around it."""
    cause = getattr(error, "os_error", None) or error
    return str(getattr(cause, "strerror", None) or cause or type(cause).__name__).rstrip(".")


def _trust(connection: Connection) -> ssl.SSLContext | bool:
    if not connection.validate_certs:
        return False
    try:
        return ssl.create_default_context(cafile=connection.ca_path)
    except OSError as error:
        raise KumawatchError(
            f"ca_path '{connection.ca_path}' cannot be read ({_reason(error)}): check the path."
        ) from None


def _one_time_code(secret: str) -> str:
    try:
        import pyotp
    except ImportError:
        raise KumawatchError(
            "api_totp_secret needs the Python library pyotp: install it where the module runs."
        ) from None
    try:
        return str(pyotp.TOTP(secret.replace(" ", "")).now())
    except ValueError:
        raise KumawatchError(
            "api_totp_secret is not a base32 secret: copy it from where 2FA was switched on."
        ) from None


@contextlib.asynccontextmanager
async def connect(
    connection: Connection, lists: tuple[str, ...] = (), *, login: bool = True, record: Collection[str] = ()
) -> AsyncIterator[KumaClient]:
    """Open one connection, log in, and wait for the named lists of :class:`State`.

    :param login: ``False`` only connects; used for the first set-up.
    :param record: pushed events to keep, see :attr:`KumaClient.recorded`.
    :raises DatabaseNotChosen: a 2.x server that has no database yet.
    """
    client = KumaClient(connection, record)
    try:
        await client._open()
        if login:
            await client._log_in(lists)
        yield client
    finally:
        await client._close()


@contextlib.asynccontextmanager
async def over_http(connection: Connection) -> AsyncIterator[KumaClient]:
    """Only :meth:`KumaClient.get` and :meth:`KumaClient.post`, for a server that opens no socket yet."""
    client = KumaClient(connection)
    try:
        client._open_session()
        yield client
    finally:
        await client._close()
