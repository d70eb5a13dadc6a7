# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the vendors document that their roles take, as of the versions that :mod:`…_apm.vendor` names.

Names and kinds of values only: the roles themselves are not in reach of the tests. What is not here is a variable that
no role would read, or a key that no agent would.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

#: The kind of a value: a type, a mapping of keys to kinds, a pattern of texts, or a list with the kind of its elements.
Kind = Any

_ENABLED: dict[str, Kind] = {"enabled": bool}
_RECEIVER: dict[str, Kind] = {"endpoint": re.compile(r"[\w.]+:\d+")}

#: By role the variables, of those in its documentation that matter here.
ROLES: dict[str, dict[str, Kind]] = {
    "datadog.dd.agent": {
        "datadog_api_key": str,
        "datadog_site": re.compile(r"datadoghq\.com|(us3|us5|ap1|ap2|uk1)\.datadoghq\.com|datadoghq\.eu"),
        # datadog.yaml, of which the agent's template of its configuration has the keys.
        "datadog_config": {
            "env": str,
            "tags": [re.compile(r"[a-z][\w.-]*:.+")],
            "logs_enabled": bool,
            "apm_config": {"enabled": bool, "obfuscation": dict},
            "process_config": {
                "process_collection": _ENABLED,
                "container_collection": _ENABLED,
                "process_discovery": _ENABLED,
            },
            "otlp_config": {
                "receiver": {"protocols": {"grpc": _RECEIVER, "http": _RECEIVER}},
                "traces": {"enabled": bool, "probabilistic_sampler": {"sampling_percentage": float}},
                "metrics": _ENABLED,
                "logs": _ENABLED,
            },
        },
    },
    "newrelic.newrelic-infra": {
        # newrelic-infra.yml.
        "nrinfragent_config": {
            "license_key": str,
            "enable_process_metrics": bool,
            "custom_attributes": {"environment": str, "service": str, "owner": str, "rack": str},
            "log_file": str,
        },
        "nrinfragent_hide_config_values": bool,
    },
    "dynatrace.oneagent.oneagent": {
        "oneagent_environment_url": re.compile(r"https://[a-z0-9-]+\.live\.dynatrace\.com"),
        "oneagent_paas_token": str,
        # They stand between quotation marks on one command line.
        "oneagent_install_args": [
            re.compile(
                r"--set-(host-group=[A-Za-z0-9._-]{1,100}|host-(tag|property)=[^\"'$`\\]+|"
                r"monitoring-mode=(fullstack|infra-only|discovery)|extensions-ingest-port=\d+|"
                r"(app-log-content-access|system-logs-access-enabled)=(true|false))"
            )
        ],
        "oneagent_package_state": re.compile(r"present|latest|absent"),
        "oneagent_no_log": bool,
    },
}


def violations(value: Any, kind: Kind, where: str) -> list[str]:
    """What of a value its vendor does not document."""
    if isinstance(kind, dict):
        if not isinstance(value, Mapping):
            return [f"{where} is no mapping"]
        return [
            found
            for key, item in value.items()
            for found in (
                violations(item, kind[key], f"{where}.{key}") if key in kind else [f"{where}.{key} is not known"]
            )
        ]
    if isinstance(kind, list):
        if not isinstance(value, list):
            return [f"{where} is no list"]
        return [found for index, item in enumerate(value) for found in violations(item, kind[0], f"{where}[{index}]")]
    if isinstance(kind, re.Pattern):
        return [] if isinstance(value, str) and kind.fullmatch(value) else [f"{where} must not be {value!r}"]
    fits = isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
    return [] if fits or (kind is float and type(value) is int) else [f"{where} must be of {kind.__name__}"]


def check(role: str, variables: Mapping[str, Any]) -> None:
    """Fail where a role is told what it does not take."""
    found = violations(variables, ROLES[role], role)
    assert not found, found
