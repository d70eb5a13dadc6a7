# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalogue against a real server, as a user runs it: ansible-playbook -i inventories/lab site.yml."""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from .conftest import Server
from .playbook import ENDPOINTS, JSON, ROOT, WEBHOOK, Run, ansible_playbook, told

GROUP = "lab"
OURS = ["lab", "lab / api", "lab / queue", "lab / shop"]

MONITORS = "Reconcile the monitors"
PAGES = "Reconcile the status pages"
MAINTENANCES = "Reconcile the maintenance windows"
NOTIFICATIONS = "Reconcile the notifications"

Play = Callable[..., Run]


@pytest.fixture
def play(tmp_path: Path) -> Play:
    """``play(server, *arguments, playbook="site.yml", inventory="inventories/lab", variables={}, plain=False)``."""

    def run(
        server: Server,
        *arguments: str,
        playbook: str | Path = "site.yml",
        inventory: str | Path = "inventories/lab",
        variables: dict[str, Any] | None = None,
        environment: dict[str, str] | None = None,
        plain: bool = False,
    ) -> Run:
        lab = tmp_path / "lab"
        lab.mkdir(exist_ok=True)
        login = {"url": server.url, "username": server.username, "password": server.password}
        (lab / "endpoints.json").write_text(json.dumps({"kuma": login, **ENDPOINTS}))
        extra = tmp_path / "variables.yml"
        extra.write_text(yaml.safe_dump(variables or {}))
        done = ansible_playbook(
            *("-i", str(inventory), str(playbook), "-e", f"@{extra}", *arguments),
            timeout=300,
            environment={**({} if plain else JSON), "KUMAWATCH_LAB_DIR": str(lab), **(environment or {})},
        )
        output = done.stdout + done.stderr
        assert "Traceback" not in output, output
        assert "[DEPRECATION WARNING]" not in output, output
        return Run(done.returncode, {}, 0, output) if plain else told(done)

    return run


def test_check_mode_predicts_the_run_on_a_server_that_nobody_has_set_up_and_a_second_run_changes_nothing(
    fresh_kuma: Server, play: Play
) -> None:
    predicted = play(fresh_kuma, "--check", "--diff")
    assert predicted.status == 0, predicted.output
    made = play(fresh_kuma, "--diff")
    assert made.status == 0, made.output
    assert predicted.changes == made.changes
    assert made.changes[MONITORS]["created"] == OURS
    assert made.changes[NOTIFICATIONS]["created"] == ["lab / google-chat"]
    assert made.changes[PAGES]["created"] == ["lab"]
    assert made.changes[MAINTENANCES]["created"] == ["Work on the lab"]
    for task in (MONITORS, PAGES, NOTIFICATIONS, MAINTENANCES):
        assert predicted.tasks[task]["diff"] == made.tasks[task]["diff"], task

    again = play(fresh_kuma)
    assert (again.status, again.changed) == (0, 0), again.output
    assert again.changes[MONITORS]["unchanged"] == OURS

    # A catalogue that changes is predicted as well: one goes, one comes, one is another.
    api = yaml.safe_load((ROOT / "inventories/lab/group_vars/all/services.yml").read_text())["monitoring_services"][0]
    changed = {
        "monitoring_services": [
            {**api, "depends_on": [], "owner": "someone else"},
            {"name": "worker", "health": {"tcp": {"host": "127.0.0.1", "port": 9}, "retries": 2}},
        ]
    }
    predicted = play(fresh_kuma, "--check", "--diff", variables=changed)
    made = play(fresh_kuma, "--diff", variables=changed)
    assert predicted.changes == made.changes
    assert made.changes[MONITORS] == {
        "changed": True,
        "created": ["lab / worker"],
        "updated": ["lab / api"],
        "deleted": ["lab / queue", "lab / shop"],
        "unchanged": ["lab"],
        "unmanaged": [],
    }
    assert play(fresh_kuma, variables=changed).changed == 0
    found = fresh_kuma.monitors()
    assert sorted(found) == ["lab", "lab / api", "lab / worker"]
    assert found["lab / worker"]["maxretries"] == 2


def test_what_the_catalogue_declares_stands_on_the_server(kuma: Server, play: Play) -> None:
    done = play(kuma)
    assert done.status == 0, done.output
    found = kuma.monitors()
    assert sorted(found) == OURS
    api, shop, queue = (found[f"lab / {name}"] for name in ("api", "shop", "queue"))
    assert (api["type"], api["jsonPath"], api["expectedValue"]) == ("json-query", "$.status", "pass")
    assert (shop["type"], shop["keyword"], shop["invertKeyword"]) == ("keyword", "Open for business", False)
    assert (queue["type"], queue["hostname"], queue["port"]) == ("port", "127.0.0.1", 9)
    for monitor in (api, shop, queue):
        assert (monitor["interval"], monitor["maxretries"], monitor["active"]) == (20, 0, True)
        assert monitor["parent"] == found["lab"]["id"]
        assert len(monitor["notificationIDList"]) == 1
    assert api["accepted_statuscodes"] == ["200"]
    assert "https://wiki.example.com/runbooks/api" in api["description"]
    tags = {tag["name"]: tag["value"] for tag in api["tags"]}
    assert tags == {"environment": "lab", "owner": "payments", "managed-by": "kumawatch-lab"}
    assert not found["lab"]["notificationIDList"]


def test_what_is_edited_by_hand_comes_back_and_what_is_not_ours_stays(kuma: Server, play: Play) -> None:
    assert play(kuma).status == 0
    api = kuma.monitors()["lab / api"]
    by_hand = {**api, "interval": 300, "url": "http://127.0.0.1:9/elsewhere", "maxretries": 5}
    assert kuma.call("editMonitor", by_hand)["ok"]
    assert kuma.call("add", _new(kuma))["ok"]

    predicted = play(kuma, "--check", "--diff")
    assert predicted.status == 0, predicted.output
    made = play(kuma, "--diff")
    assert made.status == 0, made.output
    assert predicted.changes == made.changes
    assert made.changes[MONITORS] == {
        "changed": True,
        "created": [],
        "updated": ["lab / api"],
        "deleted": [],
        "unchanged": ["lab", "lab / queue", "lab / shop"],
        "unmanaged": ["made by hand"],
    }
    assert made.changed == 1
    (diff,) = made.tasks[MONITORS]["diff"]
    assert "lab / api" in diff["after_header"]
    assert _read(diff["before"]) == {"interval": 300, "retries": 5, "url": "http://127.0.0.1:9/elsewhere"}
    assert _read(diff["after"]) == {"interval": 20, "retries": 0, "url": "http://127.0.0.1:9/health"}
    found = kuma.monitors()
    assert (found["lab / api"]["interval"], found["lab / api"]["url"]) == (20, "http://127.0.0.1:9/health")
    assert found["made by hand"]["url"] == "http://127.0.0.1:9/by-hand"
    assert play(kuma).changed == 0


def _read(side: Any) -> Any:
    return yaml.safe_load(side) if isinstance(side, str) else side


def _new(kuma: Server) -> dict[str, Any]:
    """The payload of a monitor as the web page sends it, which a run of ours has proved right for this version."""
    from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.fields import edit_payload

    payload = edit_payload(kuma.monitors()["lab / shop"], kuma.version)
    del payload["id"]  # with which it would take that one's place
    return {
        **payload,
        "name": "made by hand",
        "type": "http",
        "url": "http://127.0.0.1:9/by-hand",
        "parent": None,
        "notificationIDList": {},
    }


def test_the_number_of_tasks_does_not_grow_with_the_catalogue(kuma: Server, play: Play) -> None:
    def declared(count: int) -> dict[str, Any]:
        return {
            "monitoring_services": [
                {"name": f"service {number}", "health": {"tcp": {"host": "127.0.0.1", "port": 9}, "interval": 3600}}
                for number in range(count)
            ],
            "uptime_targets_max_deletions": 100,
        }

    three, sixty = (play(kuma, variables=declared(count)) for count in (3, 60))
    assert (three.status, sixty.status) == (0, 0), three.output + sixty.output
    assert len(three.changes[MONITORS]["created"]) == 4
    assert len(sixty.changes[MONITORS]["created"]) == 57
    assert list(three.tasks) == list(sixty.tasks)
    assert not [name for name, result in sixty.tasks.items() if "results" in result], "a task has a loop"


def test_what_is_not_declared_any_more_stays_unless_purged_and_never_too_much_goes(kuma: Server, play: Play) -> None:
    assert play(kuma).status == 0
    nothing = {"monitoring_services": [], "monitoring_maintenances": [], "monitoring_status_page": {"enabled": False}}
    kept = play(kuma, variables={**nothing, "uptime_targets_purge": False})
    assert (kept.status, kept.changed) == (0, 0), kept.output
    assert kept.changes[MONITORS]["unmanaged"] == OURS
    refused = play(kuma, variables={**nothing, "uptime_targets_max_deletions": 3})
    assert refused.status == 2
    assert "4" in refused.error
    assert "max_deletions" in refused.error
    assert sorted(kuma.monitors()) == OURS
    other = play(kuma, variables={**nothing, "uptime_targets_managed_by": "kumawatch-other"})
    assert (other.status, other.changed) == (0, 0), "the mark of another environment was purged"
    purged = play(kuma, variables=nothing)
    assert purged.changes[MONITORS]["deleted"] == OURS
    assert kuma.monitors() == {}


def test_a_mistake_is_one_sentence_with_its_place_before_anything_is_written(
    kuma: Server, play: Play, tmp_path: Path
) -> None:
    inventory = tmp_path / "inventory"
    (inventory / "group_vars").mkdir(parents=True)
    (inventory / "hosts.yml").write_text("all: {hosts: {localhost: {ansible_connection: local}}}\n")
    catalogue = inventory / "group_vars" / "all.yml"
    catalogue.write_text(
        textwrap.dedent("""\
            monitoring_environment: lab
            monitoring_services:
              - name: api
                health:
                  url: "http://127.0.0.1:{{ 9 }}/"
                  intervall: 60
            """)
    )
    failed = play(kuma, inventory=inventory)
    assert failed.status == 2
    assert failed.error == (
        f"service 'api': health.intervall is not a known key; did you mean 'interval'? ({catalogue}, line 6)"
    )
    assert kuma.monitors() == {}


def test_the_server_is_not_usable(kuma: Server, play: Play) -> None:
    """A login that fails says so, although the login's result is hidden."""
    failed = play(kuma, variables={"uptime_targets_api_password": "not the password 1"})
    assert failed.status == 2
    assert "wrong user name or password" in failed.error
    assert "not the password 1" not in failed.output
    failed = play(kuma, variables={"uptime_targets_api_url": "http://127.0.0.1:9", "uptime_targets_api_wait": 1})
    assert failed.status == 2
    assert "http://127.0.0.1:9" in failed.error


def test_the_role_works_by_itself_with_a_login_from_the_environment(kuma: Server, play: Play, tmp_path: Path) -> None:
    playbook = tmp_path / "own.yml"
    playbook.write_text(
        textwrap.dedent("""\
            - name: A user's own playbook
              hosts: localhost
              connection: local
              gather_facts: false
              tasks:
                - name: Watch one service
                  ansible.builtin.import_role:
                    name: kumawatch.monitoring.uptime_targets
                  vars:
                    ansible_python_interpreter: "{{ ansible_playbook_python }}"
                    monitoring_environment: mine
                    monitoring_services:
                      - name: api
                        health: {url: "https://127.0.0.1:9/"}
            """)
    )
    environment = {
        "KUMAWATCH_KUMA_URL": kuma.url,
        "KUMAWATCH_KUMA_USERNAME": kuma.username,
        "KUMAWATCH_KUMA_PASSWORD": kuma.password,
        "KUMAWATCH_CHAT_WEBHOOK_URL": WEBHOOK,
    }
    done = play(kuma, playbook=playbook, inventory="localhost,", environment=environment)
    assert done.status == 0, done.output
    found = kuma.monitors()
    assert sorted(found) == ["mine", "mine / api"]
    assert (found["mine / api"]["interval"], found["mine / api"]["expiryNotification"]) == (60, True)


def test_the_playbooks_are_known_by_their_full_names_and_no_secret_is_printed(kuma: Server, play: Play) -> None:
    done = play(kuma, "-vvv", "--diff", playbook="kumawatch.monitoring.phase1", plain=True)
    assert done.status == 0, done.output
    assert sorted(kuma.monitors()) == OURS
    token = kuma.call("login", {"username": kuma.username, "password": kuma.password, "token": ""}).get("token", "")
    assert "webhook-secret-4711" not in done.output
    assert kuma.password not in done.output
    assert token[:20] not in done.output or not token
    assert "eyJ" not in done.output  # what every token begins with


def test_a_server_is_exported_to_a_file_that_makes_the_same_again(
    kuma: Server, own_kuma: Server, play: Play, tmp_path: Path
) -> None:
    assert play(kuma).status == 0
    # A monitor and a tag that no catalogue of ours declares belong to the configuration as well.
    assert kuma.call("add", _new(kuma))["ok"]

    def export(server: Server, name: str, *arguments: str) -> str:
        done = play(server, "-e", f"export_file={tmp_path / name}", *arguments, playbook="playbooks/export.yml")
        assert done.status == 0, done.output
        assert WEBHOOK not in done.output
        return (tmp_path / name).read_text()

    text = export(kuma, "public.yml")
    assert WEBHOOK not in text
    assert "#   notification 'lab / google-chat': google_chat.webhook_url\n" in text
    text = export(kuma, "all.yml", "-e", "export_secrets=true")
    assert WEBHOOK in text
    assert (tmp_path / "all.yml").stat().st_mode & 0o777 == 0o600

    def apply(server: Server, name: str) -> Run:
        return play(
            server,
            *("-e", f"@{tmp_path / name}", "--diff"),
            playbook="playbooks/phase1.yml",
            inventory="localhost,",
            variables={
                "ansible_connection": "local",
                "ansible_python_interpreter": sys.executable,
                "monitoring_environment": "copy",
                "monitoring_status_page": {"enabled": False},
                "uptime_targets_managed_by": "kumawatch-lab",
            },
            environment={
                "KUMAWATCH_KUMA_URL": server.url,
                "KUMAWATCH_KUMA_USERNAME": server.username,
                "KUMAWATCH_KUMA_PASSWORD": server.password,
            },
        )

    made = apply(own_kuma, "all.yml")
    assert made.status == 0, made.output
    assert made.changes[MONITORS]["created"] == [*OURS, "made by hand"]
    copy = export(own_kuma, "copy.yml", "-e", "export_secrets=true")
    assert copy.replace(own_kuma.url, kuma.url) == text
    again = apply(own_kuma, "all.yml")
    assert (again.status, again.changed) == (0, 0), again.output
    # On the server that it came from, only the stranger's mark is new.
    adopted = apply(kuma, "all.yml")
    assert adopted.status == 0, adopted.output
    assert adopted.changes[MONITORS]["updated"] == ["made by hand"]
    assert adopted.tasks[MONITORS]["adopted"] == ["made by hand"]
    assert adopted.changed == 1

    # As a catalogue: the same again, in fewer words.
    text = export(kuma, "catalogue.yml", "-e", "export_secrets=true", "-e", "export_environment=lab")
    declared = yaml.safe_load(text)
    assert [service["name"] for service in declared["monitoring_services"]] == ["api", "queue", "shop"]
    assert [monitor["name"] for monitor in declared["uptime_targets_monitors"]] == ["made by hand"]
    same = apply(kuma, "catalogue.yml")
    assert (same.status, same.changed) == (0, 0), same.output
