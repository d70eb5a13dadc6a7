# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Application performance monitoring. Each filter is documented in the file of its name."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.kumawatch.monitoring.plugins.module_utils._apm import (
    account,
    collector,
    evaluation,
    measure,
    report,
    rum,
    vendor,
)
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog import trace_alarms
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.catalogue import CatalogueError
from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog.spec import listed, shown
from ansible_collections.kumawatch.monitoring.plugins.plugin_utils.filters import as_filter, role_options


def apm_account(
    catalogue: Mapping[str, Any],
    variables: Mapping[str, Any],
    discovery: Mapping[str, Any] | None = None,
    strict: bool = True,
) -> dict[str, Any]:
    """What traces need in the account."""
    backends = role_options("apm")["apm_backends"]["options"]
    try:
        found = account.account(catalogue, variables, role_options("apm", "account"), backends, discovery or {})
    except CatalogueError as error:
        if strict:
            raise
        return {"problems": [str(problem) for problem in error.problems]}
    return asdict(found)


def apm_evaluation(
    catalogue: Mapping[str, Any],
    variables: Mapping[str, Any],
    groups: Mapping[str, Any] | None = None,
    hostvars: Mapping[str, Any] | None = None,
    trial: Any = None,
    today: str = "",
    strict: bool = True,
) -> dict[str, Any]:
    """The evaluation. Memory is that of the facts, where hosts have been asked for them."""
    groups = {name: list(hosts) for name, hosts in (groups or {}).items()}
    inventory = evaluation.Inventory(
        groups=groups,
        memories=_memories(catalogue, groups, hostvars or {}),
        today=date.fromisoformat(today) if today else date.today(),
    )
    try:
        return evaluation.evaluate(catalogue, variables, role_options("apm", "evaluate"), inventory, trial)
    except CatalogueError as error:
        if strict:
            raise
        return {"problems": [str(problem) for problem in error.problems]}


def apm_host(
    catalogue: Mapping[str, Any], variables: Mapping[str, Any], groups: Any = (), strict: bool = True
) -> dict[str, Any]:
    """What the role writes on a host, but for the keys."""
    try:
        found = collector.host(catalogue, variables, role_options("apm"), list(groups))
    except CatalogueError as error:
        if strict:
            raise
        return {"problems": [str(problem) for problem in error.problems]}
    return {
        "config": found.config,
        "services": found.services,
        "files": found.files,
        "remarks": found.remarks,
        "agent": found.agent,
    }


def apm_agent_variables(catalogue: Mapping[str, Any], variables: Mapping[str, Any], groups: Any = ()) -> dict[str, Any]:
    """What the vendor's role is told, the key included."""
    return collector.host(catalogue, variables, role_options("apm"), list(groups)).variables


def apm_agent_lack(kind: str, roles_path: Any = ()) -> str:
    """Why the vendor's role cannot be used."""
    if kind not in vendor.AGENTS:
        raise AnsibleFilterError(
            f"kumawatch.monitoring.apm_agent_lack takes {listed(vendor.AGENTS, 'or')}, not {shown(kind)}."
        )
    agent = vendor.AGENTS[kind]
    if not agent.is_collection:
        return vendor.lack(kind, any((Path(path) / agent.role).is_dir() for path in roles_path))
    try:
        found = find_spec(f"ansible_collections.{agent.requirement}")
    except ImportError:  # its namespace is not there either
        found = None
    for place in map(Path, (found.submodule_search_locations if found else None) or ()):
        if (place / "roles" / agent.role.rpartition(".")[2]).is_dir():
            return vendor.lack(kind, True, _version(place))
    return vendor.lack(kind, False)


def _version(collection: Path) -> str:
    """The version of an installed collection; nothing where it does not say."""
    try:
        manifest = json.loads((collection / "MANIFEST.json").read_text(encoding="utf-8"))
        return str(manifest["collection_info"]["version"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def apm_rum_snippets(catalogue: Mapping[str, Any]) -> dict[str, Any]:
    """What goes into the pages of web front ends."""
    found = rum.snippets(catalogue)
    remarks = [
        f"{snippet.service}, {snippet.backend}: {' '.join(snippet.remarks)}" for snippet in found if snippet.remarks
    ]
    return {"snippets": [asdict(snippet) for snippet in found], "files": rum.files(found), "remarks": remarks}


def apm_secrets(catalogue: Mapping[str, Any], variables: Mapping[str, Any]) -> str:
    """The keys, as systemd reads them from a file."""
    extra = {str(name): str(value) for name, value in (variables.get("apm_environment") or {}).items()}
    return collector.host(catalogue, variables, role_options("apm"), []).secrets + collector.lines(extra)


def _memories(
    catalogue: Mapping[str, Any], groups: Mapping[str, list[str]], hostvars: Mapping[str, Any]
) -> dict[str, float]:
    """GiB by host, of the hosts of services alone: a look at a host's variables costs time."""
    wanted = {
        host
        for service in catalogue.get("services", ())
        for host in groups.get(service.get("hosts") or "", [service.get("hosts")])
        if host in hostvars
    }
    found = {host: (hostvars[host].get("ansible_facts") or {}).get("memtotal_mb") for host in wanted}
    return {host: megabytes / 1024 for host, megabytes in found.items() if megabytes}


class FilterModule:
    """The filters."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """By name."""
        return {
            "apm_account": as_filter(apm_account),
            "apm_account_region": as_filter(account.region_of),
            "apm_alarm_omissions": as_filter(trace_alarms.omissions),
            "apm_alarms": as_filter(trace_alarms.trace_alarms),
            "apm_agent_lack": as_filter(apm_agent_lack),
            "apm_agent_variables": as_filter(apm_agent_variables),
            "apm_evaluation": as_filter(apm_evaluation),
            "apm_evaluation_html": as_filter(report.page),
            "apm_evaluation_markdown": as_filter(report.markdown),
            "apm_host": as_filter(apm_host),
            "apm_rum_snippets": as_filter(apm_rum_snippets),
            "apm_secrets": as_filter(apm_secrets),
            "apm_trial": as_filter(measure.trial),
        }
