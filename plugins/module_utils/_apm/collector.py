# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collector of a host is told, and what the services beside it are. Pure.

The names of components are those that old and new collectors understand: ``otlphttp``, ``resourcedetection`` and others
have got a second name since, and keep the first.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

from .._catalog.cascade import defaults, merged
from .._catalog.catalogue import CatalogueError
from .._catalog.spec import Checker, Options, Place, listed
from .._catalog.traces import called
from . import profiling, vendor
from .backends import Backend, backends

Config = dict[str, Any]

#: Keys of attributes whose values are masked: what gives a secret or a person away by its name.
BLOCKED_KEYS = (
    r"(?i)(passw(or)?d|passwd|secret|credential|authorization|cookie|private[._-]?key|api[._-]?key|access[._-]?key)",
    r"(?i)(^|[._-])((access|refresh|id|auth|csrf|bearer|session)[._-]?)?token$",
    r"(?i)(^|[._-])(e[._-]?mail|iban|ssn|phone([._-]?number)?|date[._-]?of[._-]?birth)$",
)
#: Values that are masked wherever they are. RE2, as the collector is written in Go.
BLOCKED_VALUES = (
    r"://[^/@\s:]+:[^/@\s]+@",  # logins in addresses, before what is left of one is taken for an e-mail address
    r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}",  # e-mail addresses
    r"\b(4\d{12}(\d{3})?|5[1-5]\d{14}|3[47]\d{13})\b",  # numbers of payment cards
    r"\b[A-Z]{2}\d{2}( ?[A-Z0-9]{4}){3,7}( ?[A-Z0-9]{1,3})?\b",  # IBAN
    r"eyJ[A-Za-z0-9_-]+\.eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+",  # JSON web tokens
    r"\b(AKIA|ASIA)[A-Z0-9]{16}\b",  # access keys of AWS
    r"(?i)\b(bearer|basic|api-token) +[A-Za-z0-9._~+/=-]{8,}",  # what an Authorization header holds
)

_AGENTS = {
    "node": ("NODE_OPTIONS", "--require @opentelemetry/auto-instrumentations-node/register"),
    "java": ("JAVA_TOOL_OPTIONS", "-javaagent:{agent}"),
}
#: Spans of probes, which nobody wants to pay for.
PROBES = ("/livez", "/readyz", "/healthz", "/health", "/metrics")


@dataclass(frozen=True)
class Host:
    """What the role writes on a host.

    :param config: the collector's configuration, or that of the CloudWatch agent in its place; it holds no secret.
        Empty where a vendor's role writes it.
    :param secrets: the lines of its environment file.
    :param services: by the name of each service on the host the lines of its environment file, as systemd reads them.
    :param files: all environment files by their names, those for containers among them.
    :param remarks: what was declared and cannot be, or not without further work; one sentence each.
    :param agent: of a vendor's agent in the collector's place the type of its backend, its ``role``, and the
        ``program`` that is there where it is; empty where there is none.
    :param variables: what the vendor's role is told. They hold the key.
    """

    config: Config
    secrets: str
    services: dict[str, str]
    files: dict[str, str]
    remarks: list[str]
    agent: dict[str, str] = field(default_factory=dict)
    variables: dict[str, Any] = field(default_factory=dict, repr=False)


def host(catalogue: Mapping[str, Any], variables: Mapping[str, Any], options: Options, groups: Sequence[str]) -> Host:
    """What a host is told.

    :param catalogue: what :func:`.._catalog.catalogue.resolve` returned.
    :param variables: the variables ``apm_*`` of the role. Of these ``apm_agent_given`` is what the inventory says in
        the words of a vendor's role.
    :param options: the argument spec of its entry point ``main``.
    :param groups: the groups that the host is in, and its own name: which services run there.
    :raises CatalogueError: with all mistakes.
    """
    checker = Checker()
    given = {name: value for name, value in variables.items() if name in options and value is not None}
    declared = given.pop("apm_backends", None)
    settings = merged(defaults(options), checker.mapping(given, {**options, "apm_backends": {}}, Place("")))
    wanted: list[Backend] = []
    given_backends: list[Mapping[str, Any]] = []
    if isinstance(declared, (str, bytes, Mapping)) or not isinstance(declared, Sequence) or not declared:
        checker.report(
            "apm_backends is empty; say where traces go, such as a list with {type: xray, region: eu-central-1}."
        )
    else:
        given_backends = list(declared)
        wanted = backends(declared, options["apm_backends"]["options"], checker)
    services = [
        service
        for service in catalogue["services"]
        if service.get("hosts") in groups
        and service.get("state") != "absent"
        and (service.get("apm") or {}).get("enabled") is not False
    ]
    _settings(settings, checker)
    if settings["apm_collector"] == "cloudwatch_agent" and [(one.kind, one.signals) for one in wanted] != [
        ("xray", ("traces",))
    ]:
        checker.report(
            "apm_collector is cloudwatch_agent, which sends traces to X-Ray and nothing else; take the other backends "
            "and signals out of apm_backends, or set apm_collector to opentelemetry."
        )
    by_vendor = settings["apm_collector"] == "vendor_agent"
    said = variables.get("apm_agent_given") or {}
    if by_vendor:
        vendor.checked(given_backends, wanted, settings, said, checker)
    names: dict[str, str] = {}
    for service in services:
        shown = called(service)
        if re.search(r"[\x00-\x1f\x7f]", shown):
            checker.report(f"service '{service['name']}': apm.service_name must be one line.")
        for file in _files(file_name(service["name"])):
            other = names.setdefault(file, service["name"])
            if other != service["name"]:
                checker.report(f"services '{other}' and '{service['name']}' have the same file; rename one of them.")
                break
    named = str(catalogue.get("environment", ""))
    metrics = any("metrics" in backend.signals for backend in wanted)
    written: dict[str, str] = {}
    files: dict[str, str] = {}
    if not checker.problems:
        receiver = vendor.receiver(wanted[0], settings, said) if by_vendor else None
        for service in services if receiver or not by_vendor else ():
            name = file_name(service["name"])
            systemd, docker = _files(name)
            outside = environment(service, settings, named, metrics, wanted)
            inside = environment(service, settings, named, metrics, wanted, settings["apm_container_address"])
            if receiver:
                outside, inside = receiver.told(outside), receiver.told(inside)
            written[name] = files[systemd] = lines(outside)
            files[docker] = docker_lines(inside, service["name"], checker)
    if checker.problems:
        raise CatalogueError(checker.problems)
    if by_vendor:
        agent = vendor.AGENTS[wanted[0].kind]
        profiles = profiling.remarks(services, wanted) if wanted[0].kind != "dynatrace" else []
        return Host(
            config={},
            secrets="",
            services=written,
            files=files,
            remarks=[*vendor.remarks(services, wanted[0], settings, said), *profiles],
            agent={"type": wanted[0].kind, "role": agent.role, "program": agent.program},
            variables=vendor.variables(services, wanted[0], given_backends[0], settings, named, said),
        )
    by_agent = settings["apm_collector"] == "cloudwatch_agent"
    return Host(
        config=agent_configuration(settings) if by_agent else configuration(services, wanted, settings, named),
        secrets=secrets(wanted),
        services=written,
        files=files,
        remarks=profiling.remarks(services, wanted),
    )


def file_name(name: str) -> str:
    """The name of a service as that of a file."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.") or "service"


def _files(name: str) -> tuple[str, str]:
    """The environment files of a service: systemd's and Docker's."""
    return f"{name}.env", f"{name}.docker.env"


def _settings(settings: Mapping[str, Any], checker: Checker) -> None:
    if not 0 <= settings["apm_sample"] <= 1:
        checker.report(f"apm_sample must be between 0 and 1, not {settings['apm_sample']}.")
    for name in ("apm_slow_ms", "apm_decision_wait", "apm_memory_limit_mib", "apm_queue_size", "apm_max_traces"):
        if settings[name] < 1:
            checker.report(f"{name} must be at least 1, not {settings[name]}.")
    ports = [settings[name] for name in ("apm_grpc_port", "apm_http_port", "apm_health_port", "apm_metrics_port")]
    if len(set(ports)) < len(ports) or not all(0 < port < 65536 for port in ports):
        checker.report(
            "apm_grpc_port, apm_http_port, apm_health_port and apm_metrics_port must be four different ports, not "
            f"{listed(ports)}."
        )
    address = settings["apm_container_address"]
    if address and not _private(address):
        checker.report(
            f"apm_container_address must be the host's private IPv4 address on the containers' bridge, such as "
            f"172.17.0.1, not '{address}'."
        )
    elif address and settings["apm_collector"] != "opentelemetry":
        checker.report(
            "apm_container_address is for the OpenTelemetry Collector; an agent listens on the loopback interface: "
            "remove it, or set apm_collector to opentelemetry."
        )
    for name in ("apm_redacted_keys", "apm_redacted_values"):
        for pattern in settings[name]:
            _pattern(pattern, name, checker)


def _private(address: str) -> bool:
    """Whether that is an address that nobody outside reaches. The collector asks nobody for a password."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    return found.version == 4 and found.is_private and not (found.is_loopback or found.is_unspecified)


#: What Python's expressions have and those of Go (RE2) have not.
_NOT_RE2 = re.compile(r"\(\?(=|!|<=|<!|\()|\\[1-9]|\(\?P=|[*+?}]\+")


def _pattern(pattern: str, name: str, checker: Checker) -> None:
    try:
        re.compile(pattern)
    except re.error as error:
        checker.report(f"{name} has '{pattern}', which is no regular expression: {error}.")
        return
    if _NOT_RE2.search(pattern):
        checker.report(f"{name} has '{pattern}', which the collector cannot take: no look-around, no references (RE2).")
    elif re.search(pattern, ""):
        checker.report(f"{name} has '{pattern}', which matches everything; nothing would be left.")


# -- the collector ----------------------------------------------------------------------------------------------------


def configuration(
    services: Sequence[Mapping[str, Any]], wanted: Sequence[Backend], settings: Mapping[str, Any], named: str
) -> Config:
    """The collector's configuration."""
    receivers = {"otlp": _receiver("127.0.0.1", settings)}
    if settings["apm_container_address"]:
        receivers["otlp/containers"] = _receiver(settings["apm_container_address"], settings)
    extensions: Config = {
        "health_check": {"endpoint": f"127.0.0.1:{settings['apm_health_port']}"},
        # What could not be sent yet outlives a restart.
        "file_storage": {
            "directory": f"{settings['apm_data_directory']}/queue",
            "create_directory": True,
            "compaction": {
                "directory": f"{settings['apm_data_directory']}/queue",
                "on_start": True,
                "on_rebound": True,
                "cleanup_on_start": True,
            },
        },
    }
    exporters: Config = {}
    pipelines: Config = {}
    common = ["memory_limiter", "resourcedetection", "resource", "redaction"]
    for backend in wanted:
        for identifier, exporter, authenticator in _exporters(backend, settings):
            exporters[identifier] = exporter
            if authenticator:
                extensions[authenticator[0]] = authenticator[1]
    traces = [f"{_kind(backend)}/{_suffix(backend, 'traces')}" for backend in wanted if "traces" in backend.signals]
    if traces:
        pipelines["traces"] = {
            "receivers": list(receivers),
            # Redaction before sampling: what waits for a decision is clean. Batches last, as sampling takes them apart.
            "processors": [*common, "tail_sampling", "batch"],
            "exporters": traces,
        }
    processors = _processors(services, settings, named)
    for delta in (False, True):
        metrics = [
            f"{_kind(backend)}/{_suffix(backend, 'metrics')}"
            for backend in wanted
            if "metrics" in backend.signals and backend.delta is delta
        ]
        if metrics:
            pipelines["metrics/delta" if delta else "metrics"] = {
                "receivers": list(receivers),
                "processors": [*common, *(["cumulativetodelta"] if delta else []), "batch"],
                "exporters": metrics,
            }
            if delta:
                processors["cumulativetodelta"] = {}
    if not traces:
        del processors["tail_sampling"]
    return {
        "extensions": extensions,
        "receivers": receivers,
        "processors": _literal(processors),
        "exporters": exporters,
        "service": {
            "extensions": list(extensions),
            "telemetry": {
                "logs": {"level": "info", "encoding": "json"},
                # What it lost and what waits, for whoever scrapes this host.
                "metrics": {
                    "level": settings["apm_telemetry"],
                    "readers": [
                        {
                            "pull": {
                                "exporter": {"prometheus": {"host": "127.0.0.1", "port": settings["apm_metrics_port"]}}
                            }
                        }
                    ],
                },
            },
            "pipelines": pipelines,
        },
    }


def _receiver(address: str, settings: Mapping[str, Any]) -> Config:
    """What takes OTLP at an address."""
    return {
        "protocols": {
            "grpc": {"endpoint": f"{address}:{settings['apm_grpc_port']}"},
            "http": {"endpoint": f"{address}:{settings['apm_http_port']}"},
        }
    }


def _processors(services: Sequence[Mapping[str, Any]], settings: Mapping[str, Any], named: str) -> Config:
    limit = settings["apm_memory_limit_mib"]
    return {
        "memory_limiter": {"check_interval": "1s", "limit_mib": limit, "spike_limit_mib": max(1, limit // 5)},
        "resourcedetection": {
            "detectors": list(settings["apm_detectors"]),
            "timeout": "5s",
            # What an application says of itself is better known to it.
            "override": False,
        },
        "resource": {
            # By the newer and by the older conventions: backends know one of them.
            "attributes": [
                {"key": key, "value": named, "action": "upsert"}
                for key in ("deployment.environment.name", "deployment.environment")
            ],
        },
        "redaction": {
            "allow_all_keys": True,
            "blocked_key_patterns": [*BLOCKED_KEYS, *settings["apm_redacted_keys"]],
            "blocked_values": [*BLOCKED_VALUES, *settings["apm_redacted_values"]],
            "summary": "silent",
        },
        "tail_sampling": {
            "decision_wait": f"{settings['apm_decision_wait']:g}s",
            "num_traces": settings["apm_max_traces"],
            # A span that comes after the decision goes where its trace went.
            "decision_cache": {
                "sampled_cache_size": settings["apm_max_traces"] * 2,
                "non_sampled_cache_size": settings["apm_max_traces"] * 2,
            },
            "policies": _policies(services, settings),
        },
        "batch": {"timeout": "5s", "send_batch_size": 512, "send_batch_max_size": 1024},
    }


def _policies(services: Sequence[Mapping[str, Any]], settings: Mapping[str, Any]) -> list[Config]:
    """Errors and slow traces always; of the rest a share, that of the service or that of the host."""
    policies: list[Config] = []
    if settings["apm_drop_probes"]:
        paths = "|".join(PROBES)
        # What a server calls the path of a request, by the newer and by the older conventions.
        for key in ("url.path", "http.target"):
            path = {"key": key, "values": [f"^({paths})(/.*)?([?].*)?$"], "enabled_regex_matching": True}
            name = f"probes-{key.replace('.', '-')}"
            policy = {"name": f"{name}-path", "type": "string_attribute", "string_attribute": path}
            policies.append({"name": name, "type": "drop", "drop": {"drop_sub_policy": [policy]}})
    policies += [
        {"name": "errors", "type": "status_code", "status_code": {"status_codes": ["ERROR"]}},
        {"name": "slow", "type": "latency", "latency": {"threshold_ms": settings["apm_slow_ms"]}},
    ]
    own: dict[str, float] = {}
    for service in services:
        sample = (service.get("apm") or {}).get("sample")
        if sample is not None:
            # Two services of one name are one to a backend; the greater share loses nothing.
            own[called(service)] = max(sample, own.get(called(service), 0))
    for name, sample in own.items():
        policies.append(
            _share(f"share-{file_name(name)}", [f'resource.attributes["service.name"] == {_quoted(name)}'], sample)
        )
    others = [f'resource.attributes["service.name"] != {_quoted(name)}' for name in own]
    condition = [" and ".join(others)] if others else []
    policies.append(_share("share-others", condition, settings["apm_sample"]))
    return policies


def _share(name: str, conditions: Sequence[str], sample: float) -> Config:
    """A share of the traces that meet a condition, or of all."""
    share: Config = {"type": "probabilistic", "probabilistic": {"sampling_percentage": round(sample * 100, 6)}}
    if not conditions:
        return {"name": name, **share}
    return {
        "name": name,
        "type": "and",
        "and": {
            "and_sub_policy": [
                {
                    "name": f"{name}-service",
                    "type": "ottl_condition",
                    "ottl_condition": {"error_mode": "ignore", "span": list(conditions)},
                },
                {"name": f"{name}-of-them", **share},
            ]
        },
    }


def _quoted(text: str) -> str:
    """A text as OTTL writes it."""
    return json.dumps(text, ensure_ascii=False)


def _kind(backend: Backend) -> str:
    return "otlp" if backend.protocol == "grpc" else "otlphttp"


def _suffix(backend: Backend, signal: str) -> str:
    """The name of an exporter: one for all signals, or one for each where they are signed for different services."""
    return f"{backend.name}-{signal}" if backend.services else backend.name


def _exporters(backend: Backend, settings: Mapping[str, Any]) -> list[tuple[str, Config, tuple[str, Config] | None]]:
    """The exporters of a backend: name, configuration, and the authenticator that it needs."""
    common: Config = {
        "compression": "gzip",
        "timeout": "30s",
        # A backend that is away for a night costs disk, not traces: tried again until the queue is full.
        "retry_on_failure": {
            "enabled": True,
            "initial_interval": "5s",
            "max_interval": "60s",
            "max_elapsed_time": "0s",
        },
        "sending_queue": {"enabled": True, "storage": "file_storage", "queue_size": settings["apm_queue_size"]},
    }
    headers = {
        name: value.replace("{0}", f"${{env:{backend.variable(name)}}}") for name, value in backend.headers.items()
    }
    if headers:
        common["headers"] = headers
    if backend.protocol == "grpc":
        address = next(iter(backend.endpoints.values()))
        insecure = {"tls": {"insecure": True}} if address.startswith("http://") else {}
        return [(f"otlp/{backend.name}", {"endpoint": address, **insecure, **common}, None)]
    if not backend.services:
        endpoints = {f"{signal}_endpoint": address for signal, address in backend.endpoints.items()}
        return [(f"otlphttp/{backend.name}", {**endpoints, **common}, None)]
    result: list[tuple[str, Config, tuple[str, Config] | None]] = []
    for signal, service in backend.services.items():
        name = _suffix(backend, signal)
        exporter = {
            f"{signal}_endpoint": backend.endpoints[signal],
            "auth": {"authenticator": f"sigv4auth/{name}"},
            **deepcopy(common),
        }
        result.append(
            (f"otlphttp/{name}", exporter, (f"sigv4auth/{name}", {"region": backend.region, "service": service}))
        )
    return result


def _literal(value: Any) -> Any:
    """The same with every dollar doubled, which the collector would take for the begin of a variable."""
    if isinstance(value, str):
        return value.replace("$", "$$")
    if isinstance(value, Mapping):
        return {key: _literal(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_literal(item) for item in value]
    return value


def agent_configuration(settings: Mapping[str, Any]) -> Config:
    """What the CloudWatch agent is told where it takes the collector's place. Its schema is AWS's."""
    return {
        "traces": {
            "traces_collected": {
                "otlp": {
                    "grpc_endpoint": f"127.0.0.1:{settings['apm_grpc_port']}",
                    "http_endpoint": f"127.0.0.1:{settings['apm_http_port']}",
                },
                "application_signals": {},
            }
        },
        "logs": {"metrics_collected": {"application_signals": {}}},
    }


# -- files ------------------------------------------------------------------------------------------------------------


def secrets(wanted: Sequence[Backend]) -> str:
    """The environment file with the keys, as systemd reads it."""
    return lines({backend.variable(name): value for backend in wanted for name, value in backend.secrets.items()})


def lines(values: Mapping[str, str]) -> str:
    """Variables as systemd reads them from a file: in quotation marks, in which a backslash protects."""
    quoted = {name: re.sub(r'(["\\$`])', r"\\\1", str(value)) for name, value in values.items()}
    return "".join(f'{name}="{value}"\n' for name, value in quoted.items())


def docker_lines(values: Mapping[str, str], service: str, checker: Checker) -> str:
    """Variables as ``docker run --env-file`` reads them: all after the first = is the value, as it stands.

    Nothing protects there, so that a value which is more than one line cannot be written, and is a mistake.
    """
    for name, value in values.items():
        if re.search(r"[\x00\r\n]", value):
            checker.report(
                f"service '{service}': {name} is more than one line, which Docker's environment files cannot hold; "
                "write it on one."
            )
    return "".join(f"{name}={value}\n" for name, value in values.items())


def environment(
    service: Mapping[str, Any],
    settings: Mapping[str, Any],
    named: str,
    metrics: bool,
    wanted: Sequence[Backend] = (),
    address: str = "",
) -> dict[str, str]:
    """The variables of a service: what OpenTelemetry's SDKs and agents read.

    :param metrics: whether a backend takes metrics; nobody needs to send them otherwise.
    :param wanted: the backends, which may profile by agents of their own.
    :param address: where the collector is reached from where the service runs. The loopback interface if empty.
    """
    apm = service.get("apm") or {}
    resource = {"deployment.environment.name": named}
    if service.get("owner"):
        resource["service.owner"] = str(service["owner"])
    host = address or "127.0.0.1"
    values = {
        "OTEL_SERVICE_NAME": called(service),
        "OTEL_RESOURCE_ATTRIBUTES": ",".join(f"{key}={_percent(value)}" for key, value in resource.items() if value),
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{host}:{settings['apm_http_port']}",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_TRACES_EXPORTER": "otlp",
        "OTEL_METRICS_EXPORTER": "otlp" if metrics else "none",
        # Logs have their own way: phase 3.
        "OTEL_LOGS_EXPORTER": "none",
        # The collector samples, when it knows how a trace ended.
        "OTEL_TRACES_SAMPLER": "parentbased_always_on",
        "OTEL_PROPAGATORS": "tracecontext,baggage",
    }
    agent = _AGENTS.get(apm.get("language", ""))
    if apm.get("language") == "node":
        # Those of clouds wait for addresses that are not there, and that of the process tells its arguments.
        values["OTEL_NODE_RESOURCE_DETECTORS"] = "env,host,os,container"
    if agent:
        values[agent[0]] = agent[1].format(agent=settings["apm_java_agent"])
    return values | profiling.variables(service, called(service), wanted, named, host)


def _percent(text: str) -> str:
    """A value of OTEL_RESOURCE_ATTRIBUTES: percent-encoded where a comma or an equals sign would end it."""
    return re.sub(r"[^A-Za-z0-9._~/ -]", lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), text)
