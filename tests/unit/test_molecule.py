# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Molecule's scenarios: that each is whole, that its run is read rightly, and what is said where there is no Docker."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from pathlib import Path
from string import Template

import pytest

from tools import common, containers, molecule
from tools import test as driver

OUTPUT = """
    TASK [kumawatch.monitoring.health_endpoint : Copy the package] *****************
============================= test session starts ==============================
collected 24 items
======================== 21 passed, 3 skipped in 43.82s =========================
INFO     [health_endpoint > verify] Executed: Successful
============================== 6 passed in 4.01s ===============================
"""


@pytest.mark.parametrize("scenario", molecule.scenarios())
def test_a_scenario_has_what_its_steps_run(scenario: str) -> None:
    directory = molecule.DIRECTORY / scenario
    for name in ("converge.yml", "upgrade.yml", "absent.yml"):
        assert (directory / name).exists(), name
    for name in ("tests", "tests_upgraded"):
        assert list((directory / name).glob("test_*.py")), name
    assert set(molecule.images(scenario)) <= set(containers.IMAGES)
    # Molecule puts variables in wherever a dollar sign stands, and does not start where no name follows it.
    assert Template((directory / "molecule.yml").read_text()).is_valid()


def test_hosts_have_names_of_their_own_over_all_scenarios() -> None:
    names = Counter(host["name"] for scenario in molecule.scenarios() for host in molecule.hosts(scenario))
    assert [name for name, times in names.items() if times > 1] == []


def test_the_longest_begin_first_and_none_is_left_out() -> None:
    begun = molecule.longest_first(molecule.scenarios())
    assert begun[:2] == ["default", "uptime_kuma"]
    assert begun[-1] == "apm"
    assert sorted(begun) == molecule.scenarios()


def test_the_tests_on_hosts_are_counted() -> None:
    assert molecule.passed(OUTPUT) == 27
    assert molecule.passed("======= 1 failed, 23 passed in 43.82s =======\n") == 23
    assert molecule.passed("collected 24 items\n") == 0


def test_what_a_scenario_does_is_told() -> None:
    assert molecule.activity("TASK [Start the hosts] ****") == "Start the hosts"
    assert molecule.activity("ok: [localhost]") == ""


@pytest.fixture
def no_docker(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A PATH without a docker command; its directory."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    return tmp_path


@pytest.mark.parametrize(("required", "outcome"), [("0", "skipped"), ("1", "FAILED")])
def test_without_docker_the_step_is_skipped_or_fails(
    no_docker: Path, monkeypatch: pytest.MonkeyPatch, required: str, outcome: str
) -> None:
    monkeypatch.setenv("KUMAWATCH_REQUIRE_ALL", required)
    (result,) = driver.molecule()
    assert result.outcome() == outcome
    assert "there is no docker command" in (result.note or result.skips[0])


def test_a_daemon_that_was_named_and_does_not_answer_is_not_replaced(
    no_docker: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker = no_docker / "docker"
    docker.write_text("#!/bin/sh\necho 'Cannot connect to the Docker daemon' >&2\nexit 1\n")
    docker.chmod(0o755)
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere.sock")
    with pytest.raises(containers.Unavailable, match=r"DOCKER_HOST is set.*Cannot connect"):
        containers.ensure()
    monkeypatch.delenv("DOCKER_HOST")
    with pytest.raises(containers.Unavailable, match="only root can start one"):
        containers.ensure()  # there is no dockerd either
    assert "DOCKER_HOST" not in os.environ


def test_a_daemon_that_is_busy_is_waited_for_and_a_dead_one_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    said = ["it took longer", "it took longer", ""]
    monkeypatch.setattr(containers, "answers", lambda host: said.pop(0))
    monkeypatch.setattr(containers, "_daemon", lambda: "it runs")
    monkeypatch.setattr(containers.time, "sleep", lambda seconds: None)
    assert containers._awaited("unix:///run/x.sock") == ""
    said[:] = ["connection refused", ""]
    monkeypatch.setattr(containers, "_daemon", lambda: None)
    assert containers._awaited("unix:///run/x.sock") == "connection refused"
    assert said == [""]


def test_an_image_that_is_named_is_taken_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOLECULE_IMAGE_DEBIAN12", "registry.example.com/debian-systemd:12")
    assert containers.image("debian12") == "registry.example.com/debian-systemd:12"
    with pytest.raises(containers.Unavailable, match="there is no image plan9; there are debian12"):
        containers.image("plan9")


def test_what_an_image_is_made_of_names_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    wanted = containers.IMAGES["debian12"]
    monkeypatch.setattr(containers, "AUTHORITIES", tmp_path)
    monkeypatch.setattr(containers, "pip_configuration", lambda: "[global]\n")
    before = containers._digest(wanted, "")
    assert before == containers._digest(wanted, "")
    (tmp_path / "ours.crt").write_text("an authority")
    assert len({before, containers._digest(wanted, ""), containers._digest(containers.IMAGES["debian13"], "")}) == 3


def test_no_login_and_no_path_gets_into_an_image(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    configuration = tmp_path / "pip.conf"
    environment = {**os.environ, "PIP_CONFIG_FILE": str(configuration)}
    for name in ("PIP_INDEX_URL", "PIP_PROXY", "PIP_TRUSTED_HOST"):
        environment.pop(name, None)
    monkeypatch.setattr(common, "environment", lambda: environment)
    configuration.write_text("[global]\nindex-url = https://user:secret@index.example.com/simple\n")
    assert "secret" not in containers.pip_configuration()
    configuration.write_text("[global]\nindex-url = file:///srv/index\ntrusted-host = index.example.com\n")
    assert "index-url" not in containers.pip_configuration()
    assert "trusted-host = index.example.com\n" in containers.pip_configuration()


KEYRING = containers.Keyring(Path("/nowhere/keyring.gpg"), "keys.deb", "F6ECB3762474EDA9D21B7022871920D1991BC93C")


needs_gpg = pytest.mark.skipif(not shutil.which("gpg"), reason="gpg is not installed")


@needs_gpg
def test_keys_out_of_reach_are_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(containers.Unavailable) as caught:
        containers._keyring("ubuntu2404", KEYRING, "http://127.0.0.1:1/", tmp_path)
    said = str(caught.value)
    assert said.startswith("the image ubuntu2404 cannot be built, http://127.0.0.1:1/keys.deb: ")
    assert said.endswith("; name one that there is in MOLECULE_IMAGE_UBUNTU2404")
    assert "\n" not in said


@needs_gpg
def test_keys_of_others_are_not_believed(tmp_path: Path) -> None:
    package = tmp_path / "keys.deb"
    package.write_bytes(b"whatever came over the network")
    into = tmp_path / "into"
    into.mkdir()
    with pytest.raises(containers.Unavailable, match=r"has no key F6ECB376\w+; name one"):
        containers._keyring("ubuntu2404", KEYRING, tmp_path.as_uri(), into)
    assert not (into / "keyring.gpg").exists()


def test_keys_that_the_machine_has_are_taken(tmp_path: Path) -> None:
    held = tmp_path / "held.gpg"
    held.touch()
    wanted = containers.Keyring(held, "keys.deb", "F6EC")
    assert containers._keyring("ubuntu2404", wanted, "http://127.0.0.1:1/", tmp_path) == held


@needs_gpg
def test_without_a_mirror_it_says_what_to_name(tmp_path: Path) -> None:
    with pytest.raises(containers.Unavailable) as caught:
        containers._keyring("ubuntu2404", KEYRING, "", tmp_path)
    assert str(caught.value) == (
        "the image ubuntu2404 needs the address of a mirror in MOLECULE_MIRROR_UBUNTU2404; or name one that "
        "there is in MOLECULE_IMAGE_UBUNTU2404"
    )
