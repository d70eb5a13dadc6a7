# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The strictest check of a collector's configuration that there is without a collector.

Written from the documentation of the components (0.144 to 0.165), not from what our code writes: which keys each has,
what their values look like, which component may refer to which, and in which order a pipeline makes sense.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

Check = Callable[[Any], bool]

_DURATION = re.compile(r"(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+")
_VARIABLE = re.compile(r"\$\{env:([A-Z_][A-Z0-9_]*)\}")


def number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0


def whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def flag(value: Any) -> bool:
    return isinstance(value, bool)


def text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(text, value))


def duration(value: Any) -> bool:
    return isinstance(value, str) and bool(_DURATION.fullmatch(value))


def socket(value: Any) -> bool:
    return isinstance(value, str) and bool(re.fullmatch(r"(127\.0\.0\.1|172\.17\.0\.1):\d{1,5}", value))


def address(value: Any) -> bool:
    parts = urlsplit(value)
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def one_of(*values: Any) -> Check:
    return lambda value: value in values


def headers(value: Any) -> bool:
    return isinstance(value, dict) and all(text(name) and text(item) for name, item in value.items())


def expressions(value: Any) -> bool:
    """Expressions of Go: no look-around, no back-references; they compile once the dollars are undone."""
    if not texts(value):
        return False
    for pattern in value:
        undone = pattern.replace("$$", "$")
        if re.search(r"\(\?[=!<]|\\[1-9]", undone):
            return False
        re.compile(undone)
    return True


_CLIENT: dict[str, Any] = {
    "compression": one_of("gzip", "zstd", "none"),
    "timeout": duration,
    "headers": headers,
    "auth": {"authenticator": text},
    "retry_on_failure": {
        "enabled": flag, "initial_interval": duration, "max_interval": duration, "max_elapsed_time": duration,
        "multiplier": number,
    },
    "sending_queue": {
        "enabled": flag, "num_consumers": whole, "queue_size": whole, "storage": text,
        "sizer": one_of("requests", "items", "bytes"), "block_on_overflow": flag, "wait_for_result": flag,
    },
}  # fmt: skip

#: What each policy of the sampler may say, besides its name and type.
_POLICIES: dict[str, Any] = {
    "always_sample": {},
    "latency": {"threshold_ms": whole, "upper_threshold_ms": whole},
    "status_code": {"status_codes": lambda value: set(value) <= {"OK", "ERROR", "UNSET"} and bool(value)},
    "probabilistic": {"hash_salt": text, "sampling_percentage": lambda value: number(value) and value <= 100},
    "string_attribute": {
        "key": text, "values": expressions, "enabled_regex_matching": flag, "cache_max_size": whole,
        "invert_match": flag,
    },
    "ottl_condition": {"error_mode": one_of("ignore", "propagate", "silent"), "span": texts, "spanevent": texts},
    "and": {"and_sub_policy": lambda value: _policies(value, nested=True)},
    "drop": {"drop_sub_policy": lambda value: _policies(value, nested=True)},
}  # fmt: skip
_NOT_NESTED = ("and", "drop")


def _policies(found: Any, nested: bool = False) -> bool:
    assert isinstance(found, list) and found, found
    names = [policy["name"] for policy in found]
    assert len(set(names)) == len(names), f"two policies have one name: {names}"
    for policy in found:
        kind = policy["type"]
        assert kind in _POLICIES, kind
        assert not (nested and kind in _NOT_NESTED), f"{kind} cannot be inside of another"
        assert set(policy) == {"name", "type"} | ({kind} if _POLICIES[kind] else set()), policy
        if _POLICIES[kind]:
            check(policy[kind], _POLICIES[kind], policy["name"])
    return True


def _attributes(found: Any) -> bool:
    for entry in found:
        check(entry, {"key": text, "value": text, "action": one_of("insert", "update", "upsert", "delete")}, "resource")
    return True


COMPONENTS: dict[str, dict[str, Any]] = {
    "receivers": {"otlp": {"protocols": {"grpc": {"endpoint": socket}, "http": {"endpoint": socket}}}},
    "processors": {
        "memory_limiter": {
            "check_interval": duration, "limit_mib": whole, "spike_limit_mib": whole, "limit_percentage": whole,
            "spike_limit_percentage": whole,
        },
        "resourcedetection": {
            "detectors": lambda value: texts(value) and set(value) <= {"env", "ec2", "system", "docker", "ecs", "eks"},
            "timeout": duration, "override": flag,
        },
        "resource": {"attributes": _attributes},
        "redaction": {
            "allow_all_keys": flag, "allowed_keys": texts, "ignored_keys": texts, "blocked_key_patterns": expressions,
            "blocked_values": expressions, "allowed_values": expressions, "redact_all_types": flag,
            "summary": one_of("debug", "info", "silent"),
        },
        "tail_sampling": {
            "decision_wait": duration, "num_traces": whole, "expected_new_traces_per_sec": whole,
            "decision_cache": {"sampled_cache_size": whole, "non_sampled_cache_size": whole},
            "policies": _policies,
        },
        "cumulativetodelta": {},
        "batch": {"timeout": duration, "send_batch_size": whole, "send_batch_max_size": whole},
    },
    "exporters": {
        "otlphttp": {
            "endpoint": address, "traces_endpoint": address, "metrics_endpoint": address, "logs_endpoint": address,
            **_CLIENT,
        },
        "otlp": {"endpoint": address, "tls": {"insecure": flag}, **_CLIENT},
    },
    "extensions": {
        "health_check": {"endpoint": socket},
        "file_storage": {
            "directory": lambda value: value.startswith("/"), "create_directory": flag, "fsync": flag,
            "timeout": duration,
            "compaction": {
                "directory": text, "on_start": flag, "on_rebound": flag, "cleanup_on_start": flag,
            },
        },
        "sigv4auth": {"region": text, "service": text, "assume_role": {"arn": text}},
    },
}  # fmt: skip

_SERVICE: dict[str, Any] = {
    "extensions": texts,
    "pipelines": lambda value: isinstance(value, dict) and bool(value),
    "telemetry": {
        "logs": {"level": one_of("debug", "info", "warn", "error"), "encoding": one_of("console", "json")},
        "metrics": {"level": one_of("none", "basic", "normal", "detailed"), "readers": list.__instancecheck__},
    },
}


def check(found: Any, rules: Mapping[str, Any], where: str) -> None:
    """Only known keys, and values that look as they must."""
    assert isinstance(found, dict), f"{where} is no mapping"
    for key, value in found.items():
        assert key in rules, f"{where} has no key {key}"
        rule = rules[key]
        if isinstance(rule, Mapping):
            check(value, rule, f"{where}.{key}")
        elif rule is not list.__instancecheck__:
            assert rule(value), f"{where}.{key} cannot be {value!r}"


def variables(found: Any) -> set[str]:
    """The environment variables that a configuration refers to. Any other dollar must be doubled."""
    if isinstance(found, str):
        names = set(_VARIABLE.findall(found))
        rest = _VARIABLE.sub("", found).replace("$$", "")
        assert "$" not in rest, f"the collector would expand {found!r}"
        return names
    if isinstance(found, dict):
        return set().union(*(variables(item) for pair in found.items() for item in pair)) if found else set()
    if isinstance(found, list):
        return set().union(*map(variables, found)) if found else set()
    return set()


def validate(config: Mapping[str, Any]) -> None:
    """All of it."""
    assert set(config) == {"receivers", "processors", "exporters", "extensions", "service"}
    for section, kinds in COMPONENTS.items():
        for identifier, settings in config[section].items():
            kind = identifier.split("/")[0]
            assert re.fullmatch(r"[a-z][a-z0-9_]*(/[^/\s]{1,1024})?", identifier), identifier
            assert kind in kinds, f"no component {kind} in {section}"
            check(settings, kinds[kind], identifier)
    check(config["service"], _SERVICE, "service")
    assert set(config["service"]["extensions"]) == set(config["extensions"])
    used: dict[str, set[str]] = {"receivers": set(), "processors": set(), "exporters": set()}
    for name, pipeline in config["service"]["pipelines"].items():
        assert name.split("/")[0] in ("traces", "metrics", "logs")
        assert set(pipeline) <= set(used)
        for section, members in pipeline.items():
            assert members and len(set(members)) == len(members), f"{name}.{section}"
            assert set(members) <= set(config[section]), f"{name} refers to what is not there: {members}"
            used[section] |= set(members)
        order = pipeline["processors"]
        assert order[0] == "memory_limiter", "what refuses must come first"
        assert order[-1] == "batch", "batches come last"
        if "tail_sampling" in order:
            assert name.startswith("traces"), "only traces can be sampled by their end"
            assert order.index("redaction") < order.index("tail_sampling")
    for section, members in used.items():
        assert members == set(config[section]), f"{section} has what nobody uses"
    for identifier, exporter in config["exporters"].items():
        storage = exporter.get("sending_queue", {}).get("storage")
        assert storage is None or storage in config["extensions"], identifier
        authenticator = exporter.get("auth", {}).get("authenticator")
        assert authenticator is None or authenticator in config["extensions"], identifier
    ports = [config["receivers"]["otlp"]["protocols"][kind]["endpoint"] for kind in ("grpc", "http")]
    ports.append(config["extensions"]["health_check"]["endpoint"])
    assert len(set(ports)) == 3
    batch = config["processors"]["batch"]
    assert batch["send_batch_size"] <= batch["send_batch_max_size"]
    limiter = config["processors"]["memory_limiter"]
    assert 0 < limiter["spike_limit_mib"] < limiter["limit_mib"]
