# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the vendors' own roles are told, where an agent is preferred to the collector. Pure.

The roles are their vendors', and are the user's to install: ``datadog.dd.agent`` (as of 6.5.0 of the collection),
``newrelic.newrelic-infra`` (0.13.0) and ``dynatrace.oneagent.oneagent`` (1.2.5). Here is what they are given of the
catalogue. Each of them finds everything else under its own names in the inventory.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._catalog.cascade import merged
from .._catalog.spec import Checker, Place, listed
from .._catalog.traces import called
from .backends import Backend

#: What the inventory may say in the vendors' own words; it goes over what is made here.
GIVEN = {"datadog_config": dict, "nrinfragent_config": dict, "oneagent_install_args": list}
#: The port of OneAgent's local endpoint, where the inventory does not give another.
_ONE_AGENT_PORT = 14499
_ONE_AGENT_PORT_ARGUMENT = "--set-extensions-ingest-port"
#: Arguments of OneAgent that may be there more than once.
_REPEATED = ("--set-host-tag", "--set-host-property")


@dataclass(frozen=True)
class Agent:
    """A vendor's agent, and the role that brings it.

    :param title: how a sentence names it.
    :param role: the role, by its full name.
    :param requirement: what ``ansible-galaxy`` installs it by.
    :param minimum: the version of the collection from which on it takes what it is told here, and keeps its key from
        the output; empty for a role that is in no collection, whose version nobody notes.
    :param program: a file that is there where the agent is.
    :param signals: what it takes by OTLP on the loopback interface.
    """

    title: str
    role: str
    requirement: str
    minimum: str
    program: str
    signals: tuple[str, ...]

    def __str__(self) -> str:
        """As the subject of a sentence."""
        return self.title[0].upper() + self.title[1:]

    @property
    def is_collection(self) -> bool:
        """Whether the role is in a collection."""
        return self.role.startswith(f"{self.requirement}.")

    @property
    def command(self) -> str:
        """What installs it."""
        if self.is_collection:
            return f"ansible-galaxy collection install '{self.requirement}:>={self.minimum}'"
        return f"ansible-galaxy role install {self.requirement}"


AGENTS = {
    "datadog": Agent(
        "the Datadog Agent",
        "datadog.dd.agent",
        "datadog.dd",
        "6.0.0",
        "/opt/datadog-agent/bin/agent/agent",
        ("traces", "metrics"),
    ),
    "newrelic": Agent(
        "New Relic's infrastructure agent",
        "newrelic.newrelic-infra",
        "newrelic.newrelic-infra",
        "",
        "/usr/bin/newrelic-infra",
        (),
    ),
    "dynatrace": Agent(
        "Dynatrace's OneAgent",
        "dynatrace.oneagent.oneagent",
        "dynatrace.oneagent",
        "1.2.4",
        "/opt/dynatrace/oneagent/agent/tools/oneagentctl",
        ("traces",),
    ),
}


@dataclass(frozen=True)
class Receiver:
    """Where services send their traces instead of to the collector.

    :param endpoint: the base of the address.
    :param variables: further variables of a service's environment file.
    :param without: variables that stay out of it.
    """

    endpoint: str
    variables: Mapping[str, str] = field(default_factory=dict)
    without: tuple[str, ...] = ()

    def told(self, values: Mapping[str, str]) -> dict[str, str]:
        """The variables of a service that would send to the collector, so that it sends here."""
        kept = {name: value for name, value in values.items() if name not in self.without}
        return {**kept, "OTEL_EXPORTER_OTLP_ENDPOINT": self.endpoint, **self.variables}


def checked(
    declared: Sequence[Mapping[str, Any]],
    wanted: Sequence[Backend],
    settings: Mapping[str, Any],
    given: Mapping[str, Any],
    checker: Checker,
) -> None:
    """Report what a vendor's agent cannot do of what the inventory declares.

    :param declared: ``apm_backends`` as declared, and
    :param wanted: what it means.
    :param given: what the inventory says in the vendors' words.
    """
    lead = "apm_collector is vendor_agent"
    others = [backend.name for backend in wanted if backend.kind not in AGENTS]
    if others:
        checker.report(
            f"{lead}, and {listed(map(repr, others))} of apm_backends {'is' if len(others) == 1 else 'are'} none of "
            f"{listed(AGENTS)}; take {'it' if len(others) == 1 else 'them'} out, or set apm_collector to opentelemetry."
        )
    elif len(wanted) > 1:
        checker.report(
            f"{lead}, which is one agent on a host, and apm_backends has {listed(repr(one.name) for one in wanted)}: "
            "their agents get in each other's way; leave one, or set apm_collector to opentelemetry, which serves all."
        )
    for name, kind in GIVEN.items():
        if name in given and not isinstance(given[name], kind):
            checker.report(f"{name} must be a {'mapping' if kind is dict else 'list'}, as the vendor's role takes it.")
    if checker.problems or not wanted:
        return
    backend, entry = wanted[0], declared[0]
    agent = AGENTS[backend.kind]
    place = Place(f"backend '{backend.name}'")
    if entry.get("endpoint"):
        checker.report(
            f"{place.key('endpoint')} is an address for OTLP, which {agent.title} does not send; remove it, and set "
            "the variable of the vendor's role in the inventory."
        )
    for signal in backend.signals:
        if agent.signals and signal not in agent.signals:
            checker.report(f"{place.key('signals')} has '{signal}', which {agent.title} takes no OTLP of; remove it.")
    if backend.kind == "newrelic":
        found = re.match(r"([a-z]{2,3})\d{2}x", _key(backend))
        region, site = found[1] if found else "us", entry.get("site", "us")
        if region != site:
            checker.report(
                f"{place.key('site')} is '{site}', and its key is of '{region}', which is where the agent would send: "
                f"change one of them."
            )
    if backend.kind == "datadog" and not settings["apm_sample"]:
        checker.report("apm_sample is 0, which the Datadog Agent takes for everything; leave services out instead.")
    port = _port(given)
    if backend.kind == "dynatrace" and not 0 < port < 65536:
        checker.report(f"oneagent_install_args has '{_ONE_AGENT_PORT_ARGUMENT}', which must be a port.")


def receiver(backend: Backend, settings: Mapping[str, Any], given: Mapping[str, Any]) -> Receiver | None:
    """Where services send their traces; nothing where the agent takes none."""
    if backend.kind == "datadog":
        return Receiver(f"http://127.0.0.1:{settings['apm_http_port']}")
    if backend.kind == "dynatrace":
        return Receiver(
            f"http://127.0.0.1:{_port(given)}/otlp",
            # It refuses what is compressed, as some SDKs do unasked.
            {"OTEL_EXPORTER_OTLP_COMPRESSION": "none"},
            # OneAgent gets into Node and Java by itself; two agents would count each request twice.
            ("NODE_OPTIONS", "JAVA_TOOL_OPTIONS"),
        )
    return None


def remarks(
    services: Sequence[Mapping[str, Any]], backend: Backend, settings: Mapping[str, Any], given: Mapping[str, Any]
) -> list[str]:
    """What a run says of the agent: where spans go, and what of the inventory is not followed."""
    agent = AGENTS[backend.kind]
    found = receiver(backend, settings, given)
    if found is None:
        sentences = [
            f"{agent} takes no OTLP, so that services get no environment files; instrument them with the vendor's "
            "agents, or set apm_collector to opentelemetry."
        ]
    else:
        sentences = [f"Services send their traces to {agent.title} at {found.endpoint}."]
    if backend.kind == "dynatrace":
        sentences.append("It takes them once the Extension Execution Controller is enabled in Dynatrace's settings.")
    ignored = [str(service["name"]) for service in services if (service.get("apm") or {}).get("sample") is not None]
    if ignored:
        sentences.append(f"{agent} does not follow apm.sample of {listed(ignored)}.")
    if backend.kind != "datadog" and settings["apm_sample"] != 1:
        sentences.append(f"{agent} does not follow apm_sample.")
    return sentences


def variables(
    services: Sequence[Mapping[str, Any]],
    backend: Backend,
    entry: Mapping[str, Any],
    settings: Mapping[str, Any],
    named: str,
    given: Mapping[str, Any],
) -> dict[str, Any]:
    """The variables of the vendor's role. They hold the key.

    :param services: those on the host.
    :param entry: the backend as declared.
    :param named: the environment.
    """
    names = sorted({called(service) for service in services})
    owners = sorted({str(service["owner"]) for service in services if service.get("owner")})
    if backend.kind == "datadog":
        return {
            "datadog_api_key": _key(backend),
            "datadog_site": entry.get("site", "datadoghq.com"),
            "datadog_config": _datadog(names, owners, backend, settings, named, given.get("datadog_config") or {}),
        }
    if backend.kind == "newrelic":
        attributes = {"environment": named, "service": ", ".join(names), "owner": ", ".join(owners)}
        made = {
            "license_key": _key(backend),
            "enable_process_metrics": False,
            "custom_attributes": {name: value for name, value in attributes.items() if value},
        }
        return {"nrinfragent_config": merged(made, given.get("nrinfragent_config"))}
    own = [str(argument) for argument in given.get("oneagent_install_args") or []]
    replaced = {argument.partition("=")[0] for argument in own} - set(_REPEATED)
    arguments = _one_agent(names, owners, named)
    return {
        "oneagent_environment_url": f"https://{entry['environment']}.live.dynatrace.com",
        "oneagent_paas_token": _key(backend),
        "oneagent_install_args": [one for one in arguments if one.partition("=")[0] not in replaced] + own,
    }


def lack(kind: str, is_there: bool, version: str = "") -> str:
    """Why the vendor's role cannot be used, in one sentence; nothing where it can.

    :param version: that of its collection, if it is known.
    """
    agent = AGENTS[kind]
    what = f"the {'collection' if agent.is_collection else 'role'} {agent.requirement}"
    if not is_there:
        return f"apm_collector is vendor_agent, and {what} is not installed: {agent.command}"
    if agent.minimum and _older(version, agent.minimum):
        return f"apm_collector is vendor_agent, and {what} is too old ({version}): {agent.command}"
    return ""


def _older(version: str, minimum: str) -> bool:
    """Whether a version is older; what is no version is not."""
    found = re.match(r"(\d+)\.(\d+)\.(\d+)", version)
    return found is not None and tuple(map(int, found.groups())) < tuple(map(int, minimum.split(".")))


def _key(backend: Backend) -> str:
    return str(next(iter(backend.secrets.values())))


def _port(given: Mapping[str, Any]) -> int:
    """The port of OneAgent's local endpoint; 0 if the inventory gives none that is one."""
    for argument in given.get("oneagent_install_args") or []:
        name, _equals, value = str(argument).partition("=")
        if name == _ONE_AGENT_PORT_ARGUMENT:
            return int(value) if re.fullmatch(r"\d{1,5}", value) else 0
    return _ONE_AGENT_PORT


def _datadog(
    names: Sequence[str],
    owners: Sequence[str],
    backend: Backend,
    settings: Mapping[str, Any],
    named: str,
    given: Mapping[str, Any],
) -> dict[str, Any]:
    """The agent's datadog.yaml but for key and site."""
    # Every metric of a host bears its tags: of several services none is the one that it is of.
    tags = [f"service:{name}" for name in names if len(names) == 1] + [f"owner:{owner}" for owner in owners]
    made = {
        **({"env": named} if named else {}),
        "apm_config": {"enabled": True},
        "logs_enabled": False,
        "process_config": {
            "process_collection": {"enabled": False},
            "container_collection": {"enabled": False},
            "process_discovery": {"enabled": False},
        },
        "otlp_config": {
            "receiver": {
                "protocols": {
                    "grpc": {"endpoint": f"127.0.0.1:{settings['apm_grpc_port']}"},
                    "http": {"endpoint": f"127.0.0.1:{settings['apm_http_port']}"},
                }
            },
            "traces": {
                "enabled": "traces" in backend.signals,
                "probabilistic_sampler": {"sampling_percentage": round(settings["apm_sample"] * 100, 6)},
            },
            "metrics": {"enabled": "metrics" in backend.signals},
            "logs": {"enabled": False},
        },
    }
    result = merged(made, given)
    own = [str(tag) for tag in result.get("tags") or []]
    result["tags"] = [*(tag for tag in tags if tag not in own), *own]
    return result


def _one_agent(names: Sequence[str], owners: Sequence[str], named: str) -> list[str]:
    """The arguments of OneAgent's installer."""
    # Letters, digits, '.', '_' and '-' are what it takes in the name of a group.
    group = re.sub(r"[^A-Za-z0-9._-]+", "-", named).strip("-.")[:100]
    tags = [("environment", named), *(("service", name) for name in names), *(("owner", owner) for owner in owners)]
    return [
        *([f"--set-host-group={group}"] if group else []),
        *(f"--set-host-tag={key}={_tag(value)}" for key, value in tags if value),
        "--set-monitoring-mode=fullstack",
        "--set-app-log-content-access=false",
        "--set-system-logs-access-enabled=false",
    ]


def _tag(value: str) -> str:
    """A value as that of a tag: the role puts arguments between quotation marks, and makes a line of them."""
    return re.sub(r"[^\w .:/@+-]+", "-", value, flags=re.ASCII).strip()
