# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab as a whole: which parts there are, bringing them up, taking them down, breaking and mending services."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
import secrets
import shutil
import string
import sys
import time
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from lab import kuma
from lab.aws import install as aws
from lab.errors import LabError
from lab.node import find_node
from lab.paths import CHECKOUT, HEALTH, Paths, read_json, write_json
from lab.probe import get, tcp_refused
from lab.process import Process
from lab.supervise import Outcome, Part, Say, Supervisor, lock

SERVICES = {"api": 8081, "shop": 8082, "queue": 8083}
"""The demo services and the port that each prefers."""

CHAT_PORT = 8080

REPORTERS = {"usage": ("Usage of the services", 8084), "shipper": ("Logs of the services", 8085)}
"""Who reports to the stand-in for AWS: title and preferred port; each is the module of that name."""

KUMA_VARIABLES = ("KUMAWATCH_KUMA_URL", "KUMAWATCH_KUMA_USERNAME", "KUMAWATCH_KUMA_PASSWORD")

AWS_VARIABLE = "KUMAWATCH_AWS_ENDPOINT_URL"
"""Names another endpoint to use in the place of the lab's stand-in for AWS."""

KEYWORD = "Open for business"
"""What the demo shop's page says while it works."""


@dataclass(frozen=True)
class Server:
    """An Uptime Kuma to use: its address and its login."""

    url: str
    username: str
    password: str


class Lab:
    """One lab, at ``paths``; ``say`` is given each line of progress."""

    def __init__(self, paths: Paths, say: Say) -> None:
        self.paths = paths
        self.say = say
        self.supervisor = Supervisor(paths)

    # -- up

    def up(self) -> list[Outcome]:
        """Bring everything up and write endpoints.json; safe to run twice at once."""
        if importlib.util.find_spec("aiohttp") is None:
            raise LabError(
                f"The lab needs the Python package aiohttp, which {sys.executable} does not have: run it by `make`, or "
                "by the Python of the project's venv."
            )
        with self.locked():
            known, notes = self.make_secrets()
            for note in notes:
                self.say(note)
            external = self.external_kuma(known)
            external_aws = self.external_aws()
            for stray in self.supervisor.stop_strays():
                self.say(f"stopped {stray}: left behind by a run that was interrupted")
            parts = [self.chat_part(known["chat"]), *(self.service_part(name) for name in SERVICES)]
            if external_aws is None:
                parts.insert(0, self.aws_part())
            elif stopped := self.supervisor.stop("aws"):
                self.say(f"{aws.TITLE}: stopped the lab's own ({stopped}), since {AWS_VARIABLE} names another")
            if external is None:
                parts.insert(0, self.kuma_part())
            elif stopped := self.supervisor.stop("kuma"):
                self.say(f"Uptime Kuma: stopped the lab's own ({stopped}), since KUMAWATCH_KUMA_URL names another")
            outcomes = self.supervisor.ensure_all(parts, self.say)
            ports = {outcome.part.name: outcome.port for outcome in outcomes}
            if external_aws is None:
                # The stand-in's port is known only now.
                reporters = [self.reporter_part(name, ports["aws"]) for name in REPORTERS]
                outcomes += self.supervisor.ensure_all(reporters, self.say)
            else:
                for name, (title, _port) in REPORTERS.items():
                    if stopped := self.supervisor.stop(name):
                        self.say(f"{title}: stopped ({stopped}): what runs in an account of one's own reports itself")
            self.write_endpoints(known, external, external_aws, ports)
            return outcomes

    def locked(self) -> Any:
        return lock(self.paths.lock, lambda: self.say("another lab command is at work here: waiting for it"))

    # -- parts

    def kuma_part(self) -> Part:
        """The lab's own Uptime Kuma, installed when it is not."""
        node = find_node()
        if not kuma.is_installed(self.paths):
            self.say(f"Uptime Kuma: uses {node.describe()}")
            kuma.install(self.paths, node, self.say)
        return kuma.part(self.paths, node)

    def aws_part(self) -> Part:
        """The lab's own stand-in for AWS, installed when it is not."""
        if not aws.is_installed(self.paths):
            aws.install(self.paths, self.say)
        return aws.part(self.paths)

    def chat_part(self, known: Any = None) -> Part:
        """The chat space; it reads its spaces once, so it is restarted when they change."""
        part = self.python_part(
            "chat",
            "Chat space",
            CHAT_PORT,
            "lab.chat",
            ["--data", str(self.paths.chat_data), "--secrets", str(self.paths.secrets)],
            self.chat_probe,
        )
        return replace(part, version=f"{part.version} {hashlib.sha256(repr(known).encode()).hexdigest()[:16]}")

    def service_part(self, name: str) -> Part:
        state = self.paths.service_state(name)
        return self.python_part(
            name,
            f"Service {name}",
            SERVICES[name],
            "lab.services",
            [name, "--state", str(state)],
            lambda port: service_probe(name, port, is_broken(state)),
        )

    def reporter_part(self, name: str, aws_port: int = 0) -> Part:
        """Who reports to the stand-in for AWS how the services do, or what they write."""
        title, port = REPORTERS[name]
        arguments = ["--state", str(self.paths.service_state("x").parent)]
        arguments += ["--endpoint-url", f"http://127.0.0.1:{aws_port}", "--region", aws.REGION]
        return self.python_part(name, title, port, f"lab.{name}", arguments, partial(reporter_probe, name))

    def python_part(self, name: str, title: str, port: int, module: str, arguments: list[str], probe: Any) -> Part:
        return Part(
            name=name,
            title=title,
            preferred_port=port,
            port_variable=f"KUMAWATCH_LAB_{name.upper()}_PORT",
            command=lambda port: [sys.executable, "-m", module, *arguments, "--port", str(port)],
            env=lambda port: {"PYTHONUNBUFFERED": "1"},
            cwd=CHECKOUT,
            probe=probe,
            version=code_version(CHECKOUT / module.replace(".", "/"), *((HEALTH,) if module == "lab.services" else ())),
        )

    @staticmethod
    def chat_probe(port: int) -> str:
        status, body = get(port, "/ready")
        return "" if status == 200 and "kumawatch-lab-chat" in body else body if status == 0 else f"it answers {status}"

    def parts(self) -> list[Part]:
        """Every part that can be looked at without installing anything."""
        # For looking only: without Node, never to be started.
        own = Part(
            name="kuma",
            title="Uptime Kuma",
            preferred_port=0,
            port_variable="",
            cwd=self.paths.home,
            command=lambda port: [],
            probe=lambda port: kuma.probe(self.paths, port),
        )
        return [
            own,
            aws.part(self.paths),
            *(self.reporter_part(name) for name in REPORTERS),
            self.chat_part(),
            *(self.service_part(name) for name in SERVICES),
        ]

    # -- secrets and endpoints

    def make_secrets(self) -> tuple[dict[str, Any], list[str]]:
        """The passwords and tokens of this lab, made once and kept in a file that only its owner can read."""
        notes = []
        try:
            known = read_json(self.paths.secrets)
        except ValueError:
            known = None
            notes.append("secrets.json was damaged: written anew")
        if not isinstance(known, dict):
            known = {}
        before = dict(known)
        if "kuma" not in known:
            if self.paths.kuma_data.exists():
                aside = self.paths.kuma_data.with_name(f"kuma-{time.strftime('%Y%m%d-%H%M%S')}")
                self.supervisor.stop("kuma")
                self.paths.kuma_data.rename(aside)
                notes.append(f"Uptime Kuma: its password was lost, so it begins anew; its old data is in {aside}")
            known["kuma"] = {"username": "admin", "password": password()}
        known["chat"] = chat_secrets(known.get("chat"), space_titles())
        if known != before:
            write_json(self.paths.secrets, known)
        return known, notes

    def external_kuma(self, known: dict[str, Any]) -> Server | None:
        """The server that the environment names; None when it names none, or the lab's own."""
        values = [os.environ.get(name, "") for name in KUMA_VARIABLES]
        if not any(values):
            return None
        own = self.supervisor.record_or_empty("kuma")
        # `eval "$(python -m lab env)"` sets these variables to the lab's own server.
        if own.port and values == [f"http://127.0.0.1:{own.port}", *known["kuma"].values()]:
            return None
        if not all(values):
            unset = " and ".join(name for name, value in zip(KUMA_VARIABLES, values, strict=True) if not value)
            raise LabError(f"{unset} must be set as well, for the lab to use the server that the others name.")
        if not re.match(r"https?://[^/]", values[0]):
            raise LabError(f"KUMAWATCH_KUMA_URL is {values[0]!r}: it must begin with http:// or https://.")
        return Server(values[0].rstrip("/"), values[1], values[2])

    def external_aws(self) -> str | None:
        """The endpoint for AWS that the environment names; None when it names none, or the lab's own."""
        url = os.environ.get(AWS_VARIABLE, "").rstrip("/")
        own = self.supervisor.record_or_empty("aws")
        # `eval "$(python -m lab env)"` sets the variable to the lab's own stand-in.
        if not url or (own.port and url == f"http://127.0.0.1:{own.port}"):
            return None
        if not re.match(r"https?://[^/]", url):
            raise LabError(f"{AWS_VARIABLE} is {url!r}: it must begin with http:// or https://.")
        return url

    def write_endpoints(
        self, known: dict[str, Any], external: Server | None, external_aws: str | None, ports: dict[str, int]
    ) -> None:
        """Say in endpoints.json what runs where."""
        server = external or Server(f"http://127.0.0.1:{ports['kuma']}", **known["kuma"])
        chat = f"http://127.0.0.1:{ports['chat']}"
        spaces = [
            {
                "name": space["name"],
                "title": space["title"],
                "url": webhook(chat, known["chat"]["key"], space),
                "messages_url": f"{chat}/messages?space={space['name']}",
            }
            for space in known["chat"]["spaces"]
        ]
        value = {
            "kuma": {"url": server.url, "username": server.username, "password": server.password},
            "aws": {"endpoint_url": external_aws or f"http://127.0.0.1:{ports['aws']}", "region": region(external_aws)},
            "chat": {
                "url": spaces[0]["url"],
                "messages_url": spaces[0]["messages_url"],
                "page_url": f"{chat}/",
                "spaces": spaces,
            },
            "services": [
                {"name": "api", "kind": "json", "url": f"http://127.0.0.1:{ports['api']}/health"},
                {"name": "shop", "kind": "keyword", "url": f"http://127.0.0.1:{ports['shop']}/", "keyword": KEYWORD},
                {"name": "queue", "kind": "tcp", "url": f"tcp://127.0.0.1:{ports['queue']}"},
            ],
        }
        try:
            before = read_json(self.paths.endpoints)
        except ValueError:
            before = None
            self.say("endpoints.json was half-written: written anew")
        if before != value:
            write_json(self.paths.endpoints, value)

    def endpoints(self) -> dict[str, Any]:
        """What endpoints.json says."""
        try:
            value = read_json(self.paths.endpoints)
        except ValueError:
            value = None
        if not isinstance(value, dict):
            raise LabError("The lab is not up: run `python -m lab up` (or `make demo`) first.")
        return value

    # -- down

    def down(self, purge: bool = False, everything: bool = False) -> list[str]:
        """Stop all parts; with ``purge`` remove the lab's state, with ``everything`` the installed server too."""
        if not self.paths.home.exists() and not everything:
            return []
        stopped: list[str] = []
        with self.locked():
            stopped += self.supervisor.stop_all()
            stopped += [f"{stray} (a stray)" for stray in self.supervisor.stop_strays()]
            self.paths.endpoints.unlink(missing_ok=True)
            if purge or everything:
                for path in list(self.paths.home.iterdir()) if self.paths.home.exists() else []:
                    if path == self.paths.cache or path in self.paths.cache.parents:
                        continue
                    shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
                if everything and self.paths.cache.exists():
                    shutil.rmtree(self.paths.cache)
        return stopped

    # -- looking

    def status(self) -> list[tuple[str, str, str]]:
        """One row per part: its title, its state (running, broken, external, stopped, dead) and where it is, or why."""
        rows = []
        try:
            endpoints: dict[str, Any] = self.endpoints()
        except LabError:
            endpoints = {}
        url = endpoints.get("kuma", {}).get("url", "")
        own = self.supervisor.record_or_empty("kuma")
        if url and url != f"http://127.0.0.1:{own.port}":
            rows.append(("Uptime Kuma", "external", url))
            parts = [part for part in self.parts() if part.name != "kuma"]
        else:
            parts = self.parts()
        url = endpoints.get("aws", {}).get("endpoint_url", "")
        if url and url != f"http://127.0.0.1:{self.supervisor.record_or_empty('aws').port}":
            rows.append((aws.TITLE, "external", url))
            parts = [part for part in parts if part.name not in ("aws", *REPORTERS)]
        for part in parts:
            record, wrong = self.supervisor.look(part)
            scheme, end = ("tcp", "") if part.name == "queue" else ("http", "/")
            where = f"{scheme}://127.0.0.1:{record.port}{end}  pid {record.pid}"
            if wrong == "stopped":
                rows.append((part.title, "stopped", ""))
            elif wrong:
                rows.append((part.title, "dead", wrong))
            elif part.name in SERVICES and is_broken(self.paths.service_state(part.name)):
                rows.append((part.title, "broken", where))
            else:
                rows.append((part.title, "running", where))
        return rows

    def log_lines(self, part: str, count: int) -> list[str]:
        """The last lines of a part's log."""
        known = ["kuma", "aws", *REPORTERS, "chat", *SERVICES, "npm", "pip"]
        if part not in known:
            raise LabError(f"There is no part {part!r}: choose one of {', '.join(known)}.")
        try:
            text = self.paths.log(part).read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            raise LabError(f"{part} has no log yet: it has not been started.") from None
        return text.splitlines()[-count:] if count > 0 else []

    def variables(self) -> dict[str, str]:
        """The endpoints as environment variables."""
        endpoints = self.endpoints()
        found = endpoints.get("aws", {"endpoint_url": "", "region": ""})
        own = found["endpoint_url"] == f"http://127.0.0.1:{self.supervisor.record_or_empty('aws').port}"
        return {
            AWS_VARIABLE: found["endpoint_url"],
            "AWS_ENDPOINT_URL": found["endpoint_url"],
            "AWS_DEFAULT_REGION": found["region"],
            # Somebody else's endpoint has somebody else's credentials.
            **(aws.CREDENTIALS if own else {}),
            **dict(zip(KUMA_VARIABLES, map(endpoints["kuma"].get, ("url", "username", "password")), strict=True)),
            "KUMAWATCH_CHAT_WEBHOOK_URL": endpoints["chat"]["url"],
            "KUMAWATCH_CHAT_MESSAGES_URL": endpoints["chat"]["messages_url"],
        }

    # -- breaking and mending

    def set_load(self, name: str, load: dict[str, float]) -> None:
        """Put what a demo service runs on under load, in percent of ``cpu``, ``memory`` and ``disk``; none eases it."""
        if name not in SERVICES:
            raise LabError(f"There is no demo service {name!r}: choose one of {', '.join(SERVICES)}.")
        record, wrong = self.supervisor.look(self.reporter_part("usage"))
        if wrong:
            raise LabError("Nobody reports the load, since the lab's own AWS does not run: run `python -m lab up`.")
        before = json.loads(get(record.port, "/ready")[1])["reported"]
        write_json(self.paths.service_state(name).with_name(f"{name}.load.json"), load)
        deadline = time.monotonic() + 15
        while json.loads(get(record.port, "/ready")[1])["reported"] == before:
            if time.monotonic() > deadline:
                raise LabError(f"The load of {name} was not reported; the log is {self.paths.log('usage')}.")
            time.sleep(0.1)

    def set_broken(self, name: str, broken: bool) -> None:
        """Break or mend a demo service, and wait until it really is."""
        if name not in SERVICES:
            raise LabError(f"There is no demo service {name!r}: choose one of {', '.join(SERVICES)}.")
        state = self.paths.service_state(name)
        write_json(state, {"broken": broken})
        part = self.service_part(name)
        record, _wrong = self.supervisor.look(part)
        running: Process | None = record.process
        if running is None or not running.alive():
            raise LabError(
                f"The service {name} does not run, so it will be {'broken' if broken else 'well'} when it does: "
                "run `python -m lab up`."
            )
        deadline = time.monotonic() + 5
        while wrong := part.probe(record.port):
            if time.monotonic() > deadline:
                raise LabError(f"The service {name} did not follow: {wrong}; its log is {self.paths.log(name)}.")
            time.sleep(0.05)


def service_probe(name: str, port: int, broken: bool) -> str:
    """What is wrong with a demo service; a broken one that behaves as broken is right."""
    path = "/health" if name == "api" else "/"
    if name == "queue":
        listening = not tcp_refused(port)
        if listening == broken:
            return "it listens, though it is broken" if broken else f"nothing answers on port {port}"
        return ""
    status, body = get(port, path)
    wanted = {"api": 503, "shop": 500}[name] if broken else 200
    return "" if status == wanted else body if status == 0 else f"it answers {status}, not {wanted}"


def reporter_probe(name: str, port: int) -> str:
    status, body = get(port, "/ready")
    return "" if status == 200 and f"kumawatch-lab-{name}" in body else body if status == 0 else f"it answers {status}"


def region(external: str | None) -> str:
    """The Region of the stand-in, or the environment's for another endpoint."""
    given = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    return given if external and given else aws.REGION


def is_broken(state: Path) -> bool:
    try:
        value = read_json(state)
    except ValueError:
        return False
    return isinstance(value, dict) and value.get("broken") is True


def webhook(base: str, key: str, space: dict[str, str]) -> str:
    """The incoming webhook's URL of a space."""
    return f"{base}/v1/{space['name']}/messages?key={key}&token={space['token']}"


def space_titles() -> list[str]:
    """The titles of the chat spaces, the first of which takes the alerts."""
    titles = [title.strip() for title in os.environ.get("KUMAWATCH_LAB_SPACES", "").split(",")]
    return list(dict.fromkeys(filter(None, titles))) or ["Alerts"]


def chat_secrets(known: Any, titles: list[str]) -> dict[str, Any]:
    """Key and tokens of the spaces with these titles; what is known already stays as it is."""
    known = known if isinstance(known, dict) else {}
    spaces = {space["title"]: space for space in known.get("spaces", [])}
    letters = string.ascii_letters + string.digits
    return {
        "key": known.get("key") or "lab-" + secrets.token_urlsafe(24),
        "spaces": [
            spaces.get(title)
            or {
                "title": title,
                "name": "spaces/AAQA" + "".join(secrets.choice(letters) for _ in range(7)),
                "token": secrets.token_urlsafe(32),
            }
            for title in titles
        ],
    }


def password() -> str:
    """A password that Uptime Kuma takes for strong: lower case, upper case and digits."""
    while True:
        text = secrets.token_urlsafe(18)
        if re.search("[a-z]", text) and re.search("[A-Z]", text) and re.search("[0-9]", text) and text[0].isalnum():
            return text


def code_version(*programs: Path) -> str:
    """Changes when what a part runs changes, so that it is restarted after an update: modules and packages."""
    digest = hashlib.sha256()
    for program in programs:
        for path in sorted(program.rglob("*")) if program.is_dir() else [program.with_suffix(".py")]:
            if path.suffix in (".py", ".html", ".css", ".js", ".svg"):
                digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
