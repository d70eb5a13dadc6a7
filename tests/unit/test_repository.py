# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must hold for the files of the repository as such."""

from __future__ import annotations

import ast
import os
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tools import collection
from tools.common import ROOT

TRACKED = collection.tracked()
LINK = Path("collections/ansible_collections/kumawatch/monitoring")

HEADER = (
    "# Copyright: (c) 2026, the Kumawatch contributors",
    "# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)",
    "# SPDX-License-Identifier: GPL-3.0-or-later",
)

# Which index or mirror packages come from is the business of the machine. Split, so that this file passes as well.
REGISTRIES = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("files", "pythonhosted", "org"),
        ("registry", "npmjs", "org"),
        ("registry", "yarnpkg", "com"),
        ("deb", "debian", "org"),
        ("security", "debian", "org"),
        ("archive", "ubuntu", "com"),
    )
]


def text(path: Path) -> str | None:
    """A file's text, None for what holds none."""
    if (ROOT / path).is_symlink():
        return None
    content = (ROOT / path).read_bytes()
    return None if b"\0" in content else content.decode()


def names(*suffixes: str) -> list[Path]:
    return [path for path in TRACKED if path.suffix in suffixes and path != LINK]


@pytest.fixture(scope="module")
def texts() -> dict[Path, str]:
    return {path: content for path in TRACKED if (content := text(path)) is not None}


def load(path: str) -> Any:
    return yaml.safe_load((ROOT / path).read_text())


def test_no_file_names_the_host_of_a_package_registry(texts: dict[Path, str]) -> None:
    found = [f"{path}: {host}" for path, content in texts.items() for host in REGISTRIES if host in content.lower()]
    assert not found


def test_no_file_names_a_path_of_the_machine_it_was_written_on(texts: dict[Path, str]) -> None:
    patterns = [r"/(?:home|Users)/[a-z]+/", r"/root/\."]
    if len(ROOT.parts) > 2:  # a checkout in /src says nothing when a text names /src
        patterns += [re.escape(f"{ROOT}/"), re.escape(f"{ROOT.parent}/shared/")]
    places = re.compile("|".join(patterns))
    found = [f"{path}: {match.group()}" for path, content in texts.items() for match in places.finditer(content)]
    assert not found


def test_no_file_mixes_line_ends_or_trails_blanks(texts: dict[Path, str]) -> None:
    assert [path for path, content in texts.items() if "\r" in content] == []
    assert [path for path, content in texts.items() if content and not content.endswith("\n")] == []


@pytest.mark.parametrize("path", names(".py"), ids=str)
def test_a_python_file_begins_with_licence_docstring_and_annotations(path: Path) -> None:
    content = (ROOT / path).read_text()
    lines = [line for line in content.splitlines() if not line.startswith("#!")]
    assert tuple(lines[:3]) == HEADER
    tree = ast.parse(content)
    if path.parts[:2] not in {("plugins", "modules"), ("plugins", "doc_fragments")}:  # documentation themselves
        assert ast.get_docstring(tree)
    if len(tree.body) == 1:
        return  # nothing but the docstring
    futures = [node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module == "__future__"]
    assert any(alias.name == "annotations" for node in futures for alias in node.names)


@pytest.mark.parametrize("path", [*names(".sh"), Path(".ci/run")], ids=str)
def test_a_script_runs_and_bears_the_licence(path: Path) -> None:
    lines = (ROOT / path).read_text().splitlines()
    assert lines[0] == "#!/bin/sh"
    assert tuple(lines[1:4]) == HEADER
    assert os.access(ROOT / path, os.X_OK)


def test_the_checkout_is_its_own_collection() -> None:
    assert (ROOT / LINK).is_symlink()
    assert str((ROOT / LINK).readlink()) == "../../.."
    assert [path for path in TRACKED if path.parts[0] == "collections"] == [LINK]


@pytest.mark.parametrize("path", names(".md"), ids=str)
def test_yaml_in_markdown_is_valid(path: Path) -> None:
    for block in re.findall(r"^```ya?ml\n(.*?)^```", (ROOT / path).read_text(), re.MULTILINE | re.DOTALL):
        list(yaml.compose_all(block, Loader=yaml.SafeLoader))


@pytest.mark.parametrize("path", names(".md"), ids=str)
def test_links_between_files_lead_somewhere(path: Path) -> None:
    content = re.sub(r"^```.*?^```", "", (ROOT / path).read_text(), flags=re.MULTILINE | re.DOTALL)
    targets = re.findall(r"\]\(([^)\s#]+)(?:#[^)\s]*)?\)", content) + re.findall(r'src="([^"]+)"', content)
    local = [target for target in targets if not re.match(r"[a-z]+:", target)]
    assert [target for target in local if not (ROOT / path.parent / target).exists()] == []


def test_changelog_fragments_are_valid() -> None:
    config = load("changelogs/config.yaml")
    lists = {name for name, _title in config["sections"]} | {config["trivial_section_name"]}
    fragments = [path for path in TRACKED if path.parts[:2] == ("changelogs", "fragments")]
    assert fragments or (ROOT / "changelogs" / "changelog.yaml").exists()
    for path in fragments:
        assert path.suffix in (".yml", ".yaml"), path
        content = load(str(path))
        assert isinstance(content, dict) and content, path
        for section, entries in content.items():
            if section == config["prelude_section_name"]:
                assert isinstance(entries, str), path
            else:
                assert section in lists, f"{path}: {section}"
                assert isinstance(entries, list) and all(isinstance(entry, str) for entry in entries), path


def test_the_action_group_holds_every_module_of_uptime_kuma() -> None:
    modules = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("kuma_*.py"))
    assert load("meta/runtime.yml")["action_groups"]["kuma"] == modules


def test_requirements_are_bounded_and_explained() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        explained = False
        for line in (ROOT / name).read_text().splitlines():
            if line.startswith("#"):
                explained = True
            elif not line:
                explained = False
            else:
                assert explained, f"{name}: nothing says why {line} is there"
                assert ">=" in line, f"{name}: {line} has no lower bound"


def test_the_execution_environment_takes_the_ansible_that_is_tested() -> None:
    environment = load("meta/execution-environment.yml")["dependencies"]
    assert environment["ansible_core"]["package_pip"] in (ROOT / "requirements.txt").read_text().splitlines()
    assert (ROOT / "meta" / environment["python"]).resolve() == ROOT / "requirements.txt"
    assert (ROOT / "meta" / environment["galaxy"]).resolve() == ROOT / "requirements.yml"


def test_make_explains_every_target() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    explained = set(re.findall(r"^([a-z]+):[^#\n]*## ", makefile, re.MULTILINE))
    phony = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert targets == explained == set(phony[0].split())


def test_versions_agree() -> None:
    galaxy, runtime = load("galaxy.yml"), load("meta/runtime.yml")
    assert re.fullmatch(r"\d+\.\d+\.\d+", galaxy["version"])
    assert runtime["requires_ansible"] == ">=2.19.0"
    assert "GPL-3.0-or-later" in galaxy["license"]
    assert "GNU GENERAL PUBLIC LICENSE" in (ROOT / "LICENSE").read_text()
