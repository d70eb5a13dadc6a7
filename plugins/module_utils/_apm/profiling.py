# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Continuous profiles: what an environment file can say of them, and what it cannot. Pure.

Profiles are no traces: OTLP's signal for them is not stable, so each backend has programs of its own, which send past
the collector. What such a program reads from the environment is set; that it is installed and loaded is not our work,
and a run says what is left to do.

* Datadog's profiler is in its tracing libraries and sends to Datadog's agent. Its tracer is switched off, since the
  spans are OpenTelemetry's. That of Node takes its profiler with it where it is switched off by ``DD_TRACE_ENABLED``,
  and leaves it where ``DD_APM_TRACING_ENABLED`` does so.
* Amazon CodeGuru Profiler knows JVM languages and Python. Its agent for Python reads the environment, that for Java its
  own arguments.
* Dynatrace profiles with OneAgent and New Relic with its own agents; neither takes profiles beside OTLP.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from .._catalog.spec import listed
from .backends import Backend

#: How each language loads Datadog's library; what is not here has no profiler of Datadog's that the environment tells.
DATADOG = {
    "python": "ddtrace-run",
    "node": "node --require dd-trace/init",
    "java": "-javaagent:dd-java-agent.jar",
    "dotnet": "Datadog's .NET tracer",
    "php": "the extension ddtrace",
    "ruby": "ddprofrb exec",
}
_AGENT_PORT = 8126


def wanted(service: Mapping[str, Any]) -> bool:
    """Whether profiles of a service are wanted."""
    return bool((service.get("apm") or {}).get("profiling"))


def variables(
    service: Mapping[str, Any], called: str, backends: Sequence[Backend], named: str, host: str = "127.0.0.1"
) -> dict[str, str]:
    """What a service's environment file says of profiles.

    :param called: the service's name in traces, which is that of its profiles.
    :param named: the environment.
    :param host: where the host's agents are reached from where the service runs.
    """
    values: dict[str, str] = {}
    if not wanted(service):
        return values
    language = (service.get("apm") or {}).get("language")
    for backend in backends:
        if backend.kind == "datadog" and language in DATADOG:
            values |= {
                "DD_PROFILING_ENABLED": "true",
                # The spans are OpenTelemetry's; a second tracer would count each request twice.
                "DD_APM_TRACING_ENABLED" if language == "node" else "DD_TRACE_ENABLED": "false",
                "DD_SERVICE": called,
                "DD_TRACE_AGENT_URL": f"http://{host}:{_AGENT_PORT}",
            }
            if named:
                values["DD_ENV"] = named
        elif backend.kind == "xray" and language == "python":
            values |= {
                "AWS_CODEGURU_PROFILER_GROUP_NAME": group(called),
                "AWS_CODEGURU_PROFILER_TARGET_REGION": backend.region,
            }
    return values


def group(called: str) -> str:
    """The name of a service as that of a profiling group, which has letters, digits, - and _ only."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", called).strip("-")[:255] or "service"


def remarks(services: Sequence[Mapping[str, Any]], backends: Sequence[Backend]) -> list[str]:
    """What is left to do for profiles, and what cannot be: one sentence for each backend and way."""
    profiled = [service for service in services if wanted(service)]
    said: list[str] = []
    for backend in backends if profiled else ():
        names: dict[str, list[str]] = {}
        for service in profiled:
            names.setdefault(_way(backend, (service.get("apm") or {}).get("language")), []).append(service["name"])
        said += [_sentence(backend, way, found) for way, found in names.items()]
    return said


def _way(backend: Backend, language: Any) -> str:
    if backend.kind == "datadog" and language in DATADOG:
        return DATADOG[language]
    if backend.kind == "xray" and language == "python":
        return "python -m codeguru_profiler_agent"
    if backend.kind == "xray" and language == "java":
        return "java"
    return ""


def _sentence(backend: Backend, way: str, names: Sequence[str]) -> str:
    what = f"profiles of {listed(names)}"
    if backend.kind == "datadog" and way:
        return (
            f"{what} reach Datadog where its agent listens on port {_AGENT_PORT} and its library is loaded ({way}); "
            "the environment files have the rest."
        )
    if backend.kind == "xray" and way == "java":
        return (
            f"{what} reach CodeGuru Profiler by its agent's own arguments alone; add "
            "-javaagent:…=profilingGroupName:… to the command."
        )
    if backend.kind == "xray" and way:
        return (
            f"{what} reach CodeGuru Profiler where the profiling group of that name exists in {backend.region} and the "
            f"program is started by {way}; the environment files have the rest."
        )
    why = {
        "datadog": "Datadog profiles Python, Node, Java, .NET, PHP and Ruby by the environment, Go in its code; see "
        "apm.language",
        "xray": "CodeGuru Profiler knows Python and JVM languages alone; see apm.language",
        "newrelic": "New Relic profiles by its own agents, not beside OTLP",
        "dynatrace": "Dynatrace profiles by OneAgent, not beside OTLP",
        "otlp": "OTLP's profiles are not stable yet, and the collector takes none",
    }[backend.kind]
    return f"{what} do not go to '{backend.name}': {why}."
