# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Agents by their vendors' own roles: which role runs, what it is told, and that nobody sees the key.

The vendors' roles are not here, and install programs that cannot be had where these tests run. Stand-ins take their
names: each writes down what it was told and does what the vendor's does with its key, as far as a run would show it.
What they are told is held to what the vendors document (:mod:`tests.unit.plugins.module_utils._apm.vendor_roles`).
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.plugins.module_utils._apm import vendor_roles

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.geteuid() != 0, reason="the role makes files that are root's"),
]

ROOT = Path(__file__).resolve().parents[2]
Play = Callable[..., subprocess.CompletedProcess[str]]

KEYS = {"datadog": "dd-secret-key", "newrelic": "eu01xx-secret-key", "dynatrace": "dt0c01.secret-key"}
LED = "# A stand-in for a test. The vendor's role is what users install.\n"

#: What a stand-in was told, as JSON: every variable that begins as its vendor's do.
TOLD = "{{ dict(names | zip(query('ansible.builtin.vars', *names))) | to_json }}"


def recorded(names: str) -> dict[str, Any]:
    """A task that writes down what the role was told, with its key, as the vendor's role writes its configuration."""
    return {
        "name": "Write the configuration",
        "ansible.builtin.copy": {"content": TOLD, "dest": "{{ record }}/{{ inventory_hostname }}.json", "mode": "0600"},
        "vars": {"names": f"{{{{ query('ansible.builtin.varnames', '^{names}') }}}}"},
        "notify": "restart the stand-in",
    }


#: By role: its tasks.
STAND_INS: dict[str, list[dict[str, Any]]] = {
    "datadog.dd.agent": [
        {"name": "Read facts", "ansible.builtin.debug": {"msg": "{{ ansible_facts.os_family }}"}},
        {"name": "Keep", "ansible.builtin.set_fact": {"agent_datadog_config": "{{ datadog_config }}"}},
        recorded("datadog_"),
    ],
    "newrelic.newrelic-infra": [
        {"name": "Read facts", "ansible.builtin.debug": {"msg": "{{ ansible_facts.lsb }}"}},
        {"name": "Combine", "ansible.builtin.set_fact": {"nrinfragent_adapted": "{{ nrinfragent_config }}"}},
        {**recorded("nrinfragent_(?!adapted)"), "no_log": "{{ nrinfragent_hide_config_values }}"},
    ],
    "dynatrace.oneagent.oneagent": [
        {"name": "Read facts", "ansible.builtin.debug": {"msg": "{{ ansible_facts.env.PATH }}"}},
        {**recorded("oneagent_"), "no_log": "{{ oneagent_no_log }}"},
    ],
}
VERSIONS = {"datadog.dd": "6.5.0", "dynatrace.oneagent": "1.2.5"}


def install(place: Path, role: str, version: str = "") -> None:
    """A stand-in where ``ansible-galaxy`` would put the vendor's role."""
    collection, _dot, name = role.rpartition(".")
    directory = place / "roles" / role
    if collection in VERSIONS:
        home = place / "collections" / "ansible_collections" / Path(*collection.split("."))
        directory = home / "roles" / name
        home.mkdir(parents=True, exist_ok=True)
        namespace, _dot, short = collection.partition(".")
        told = {"namespace": namespace, "name": short, "version": version or VERSIONS[collection]}
        (home / "MANIFEST.json").write_text(json.dumps({"collection_info": told, "format": 1}))
    for part, tasks in (
        ("tasks", STAND_INS[role]),
        ("handlers", [{"name": "restart the stand-in", "ansible.builtin.debug": {"msg": "restarted {{ record }}"}}]),
    ):
        (directory / part).mkdir(parents=True, exist_ok=True)
        (directory / part / "main.yml").write_text(LED + yaml.safe_dump(tasks, sort_keys=False))


BACKENDS: dict[str, dict[str, Any]] = {
    "datadog": {"type": "datadog", "site": "datadoghq.eu", "key": KEYS["datadog"]},
    "newrelic": {"type": "newrelic", "site": "eu", "key": KEYS["newrelic"]},
    "dynatrace": {"type": "dynatrace", "environment": "abc12345", "key": KEYS["dynatrace"]},
}
#: Hosts of which each has one mistake, and its sentence.
MISTAKES: dict[str, tuple[dict[str, Any], str]] = {
    "two": (
        {"apm_backends": [BACKENDS["datadog"], BACKENDS["dynatrace"]]},
        "apm_collector is vendor_agent, which is one agent on a host, and apm_backends has 'datadog' and 'dynatrace': ",
    ),
    "misspelt": (
        {"apm_collector": "vendor_agnet", "apm_backends": [BACKENDS["datadog"]]},
        "apm_collector must be opentelemetry, cloudwatch_agent or vendor_agent, not 'vendor_agnet'",
    ),
    "misspelt-key": (
        {"apm_backends": [{**BACKENDS["datadog"], "sight": "datadoghq.eu"}]},
        "backend 'datadog': sight is not a known key; did you mean 'site'?",
    ),
    "elsewhere": (
        {"apm_backends": [{**BACKENDS["newrelic"], "site": "us"}]},
        "backend 'newrelic': site is 'us', and its key is of 'eu'",
    ),
}
RIGHT = ("--limit", ",".join(["localhost", *(f"{kind}-1" for kind in BACKENDS)]))


@pytest.fixture
def play(tmp_path: Path) -> Play:
    """A run of the playbook for a host of each vendor."""
    (tmp_path / "record").mkdir()
    inventory = {
        "all": {
            "vars": {
                "ansible_connection": "local",
                "ansible_become": False,
                "ansible_python_interpreter": "{{ ansible_playbook_python }}",
                "monitoring_environment": "staging",
                "monitoring_services": [
                    {"name": "api", "hosts": "hosts", "owner": "payments", "apm": {"language": "node"}},
                ],
                "apm_collector": "vendor_agent",
                "apm_configuration": str(tmp_path / "etc" / "{{ inventory_hostname }}"),
                "apm_data_directory": str(tmp_path / "data"),
                "apm_home": str(tmp_path / "opt"),
                "apm_user": "kumawatch-nobody",
                "record": str(tmp_path / "record"),
                # What a user may have said in the vendor's words.
                "datadog_config": {"tags": ["rack:7"], "apm_config": {"obfuscation": {}}},
            },
            "hosts": {"localhost": {"apm_backends": [BACKENDS["datadog"]]}},
            "children": {
                "hosts": {
                    "hosts": {
                        **{f"{kind}-1": {"apm_backends": [backend]} for kind, backend in BACKENDS.items()},
                        **{name: wrong for name, (wrong, _sentence) in MISTAKES.items()},
                    }
                }
            },
        }
    }
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump(inventory))

    def run(*words: str, **variables: Any) -> subprocess.CompletedProcess[str]:
        # The unit is a constant of the role: that of this machine is not ours.
        extra = {"apm_unit": str(tmp_path / "kumawatch-apm.service"), **variables}
        return subprocess.run(
            [str(Path(sys.executable).with_name("ansible-playbook")), "--inventory", str(tmp_path / "hosts.yml"),
             str(ROOT / "playbooks" / "apm.yml"), "--extra-vars", json.dumps(extra), *words],
            cwd=ROOT,
            env={
                **os.environ,
                "ANSIBLE_NOCOLOR": "1",
                "ANSIBLE_COLLECTIONS_PATH": f"{ROOT / 'collections'}:{tmp_path / 'collections'}",
                "ANSIBLE_ROLES_PATH": str(tmp_path / "roles"),
            },
            capture_output=True,
            text=True,
            timeout=300,
        )  # fmt: skip

    return run


def written(tmp_path: Path) -> dict[str, str]:
    """What is in the directories that the role and the stand-ins write to."""
    places = [tmp_path / name for name in ("etc", "record", "data", "opt")]
    return {
        str(file.relative_to(tmp_path)): file.read_text()
        for place in places
        for file in place.rglob("*")
        if file.is_file()
    }


def recap(done: subprocess.CompletedProcess[str]) -> dict[str, int]:
    """How many tasks changed something, by host."""
    return {host: int(count) for host, count in re.findall(r"^(\S+) +: ok=.* changed=(\d+)", done.stdout, re.MULTILINE)}


def test_each_host_gets_the_agent_of_its_backend(play: Play, tmp_path: Path) -> None:
    install(tmp_path, "dynatrace.oneagent.oneagent", version="1.2.3")
    refused = play()
    assert refused.returncode != 0
    said = " ".join((refused.stdout + refused.stderr).split())
    for words in (
        "the collection datadog.dd is not installed: ansible-galaxy collection install 'datadog.dd:>=6.0.0'",
        "the role newrelic.newrelic-infra is not installed: ansible-galaxy role install newrelic.newrelic-infra",
        "the collection dynatrace.oneagent is too old (1.2.3): ansible-galaxy collection install 'dynatrace.oneagent:>",
        *(sentence for _wrong, sentence in MISTAKES.values()),
    ):
        assert words in said
    assert "Traceback" not in said
    assert not any(key in said for key in KEYS.values())
    assert written(tmp_path) == {}

    for role in STAND_INS:
        install(tmp_path, role)
    predicted = play("--check", "--diff", "--limit", "localhost,datadog-1")
    assert predicted.returncode == 0, predicted.stdout + predicted.stderr
    assert written(tmp_path) == {}
    assert "datadog.dd.agent would install the agent." in " ".join(predicted.stdout.split())

    # As much as Ansible shows, and only what bears the tag of phase 4.
    first = play("-vvv", "--diff", "--tags", "apm", *RIGHT)
    said = first.stdout + first.stderr
    assert first.returncode == 0, said
    assert not any(key in said for key in KEYS.values())
    told = {kind: json.loads((tmp_path / "record" / f"{kind}-1.json").read_text()) for kind in KEYS}
    for role, kind in zip(STAND_INS, KEYS, strict=True):
        vendor_roles.check(role, told[kind])
        assert KEYS[kind] in str(told[kind])
    assert told["datadog"]["datadog_site"] == "datadoghq.eu"
    assert told["datadog"]["datadog_config"]["env"] == "staging"
    assert told["datadog"]["datadog_config"]["tags"] == ["service:api", "owner:payments", "rack:7"]
    assert told["newrelic"]["nrinfragent_hide_config_values"] is True
    assert told["dynatrace"]["oneagent_package_state"] == "present"
    assert "--set-host-group=staging" in told["dynatrace"]["oneagent_install_args"]
    assert said.count(f"restarted {tmp_path / 'record'}") >= 2
    files = {name: text for name, text in written(tmp_path).items() if name.endswith(".env")}
    assert sorted(files) == sorted(
        f"etc/{kind}-1/services/api{ending}" for kind in ("datadog", "dynatrace") for ending in (".env", ".docker.env")
    )
    assert "http://127.0.0.1:4318" in files["etc/datadog-1/services/api.env"]
    assert "http://127.0.0.1:14499/otlp" in files["etc/dynatrace-1/services/api.env"]
    assert "New Relic's infrastructure agent takes no OTLP" in said

    before = written(tmp_path)
    again = play(*RIGHT)
    assert again.returncode == 0, again.stdout
    assert set(recap(again).values()) == {0}, again.stdout
    assert written(tmp_path) == before

    gone = play("--limit", "localhost,datadog-1,dynatrace-1", apm_state="absent")
    assert gone.returncode == 0, gone.stdout + gone.stderr
    said = " ".join(gone.stdout.split())
    assert "The role of Datadog removes no agent: uninstall the package datadog-agent yourself" in said
    assert json.loads((tmp_path / "record" / "dynatrace-1.json").read_text())["oneagent_package_state"] == "absent"
    assert [place.name for place in (tmp_path / "etc").iterdir()] == ["newrelic-1"]
