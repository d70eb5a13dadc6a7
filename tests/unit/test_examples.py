# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Examples and tasks use options that their module has; the inputs of a role are the same wherever they stand."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tools import role_docs
from tools.common import ROOT

COLLECTION = "kumawatch.monitoring"
MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("[!_]*.py"))
FILTERS = sorted(path for path in (ROOT / "plugins" / "filter").glob("[!_]*") if path.suffix in (".yml", ".yaml"))
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir() if path.is_dir())
TASK_FILES = sorted(
    path
    for directory in ("roles", "playbooks", "molecule")
    for path in (ROOT / directory).rglob("*.y*ml")
    if not {"defaults", "vars", "meta", "group_vars", "host_vars"}.intersection(path.parts)
)


class _Loader(yaml.SafeLoader):
    """YAML as Ansible reads it: !vault and !unsafe are strings whose content is not our business."""


_Loader.add_multi_constructor("!", lambda loader, suffix, node: "{{ " + suffix + " }}")


def load(text: str) -> Any:
    return yaml.load(text, Loader=_Loader)


@cache
def constants(path: Path) -> dict[str, str]:
    """The strings that a Python file assigns to names, in its classes as well, without running it."""
    found = {}
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            try:
                value = ast.literal_eval(node.value)
            except ValueError:
                continue
            if isinstance(value, str):
                found[node.targets[0].id] = value
    return found


#: What the fragments of amazon.aws document, which need not be installed here.
AMAZON_AWS: dict[str, dict[str, Any]] = {
    "amazon.aws.common.modules": {
        "access_key": {},
        "aws_ca_bundle": {"type": "path"},
        "aws_config": {"type": "dict"},
        "debug_botocore_endpoint_logs": {"type": "bool"},
        "endpoint_url": {},
        "profile": {},
        "secret_key": {},
        "session_token": {},
        "validate_certs": {"type": "bool"},
    },
    "amazon.aws.region.modules": {"region": {}},
}


@cache
def documented(module: str) -> dict[str, Any]:
    """A module's documentation with the options of our fragments that it extends."""
    documentation = load(constants(ROOT / "plugins" / "modules" / f"{module}.py")["DOCUMENTATION"])
    options = dict(documentation.get("options") or {})
    for name in documentation.get("extends_documentation_fragment") or []:
        options = {**AMAZON_AWS.get(name, {}), **options}
        if name.startswith(f"{COLLECTION}."):
            fragment, _, part = name.removeprefix(f"{COLLECTION}.").partition(".")
            contents = constants(ROOT / "plugins" / "doc_fragments" / f"{fragment}.py")
            options = {**(load(contents[(part or "documentation").upper()]).get("options") or {}), **options}
    return {**documentation, "options": options}


def templated(value: Any) -> bool:
    return isinstance(value, str) and ("{{" in value or "{%" in value)


def mistakes(options: dict[str, Any], given: Any, where: str) -> Iterator[str]:
    """What is wrong with the given values of options, recursively."""
    if not isinstance(given, dict):
        yield f"{where} is no mapping of options"
        return
    names = {alias: name for name, option in options.items() for alias in (name, *(option.get("aliases") or []))}
    for name, value in given.items():
        if name not in names:
            yield f"{where}.{name} does not exist; there are {', '.join(sorted(options))}"
        else:
            yield from wrong_value(options[names[name]], value, f"{where}.{name}")
    present = {names.get(name) for name in given}
    for name, option in options.items():
        if option.get("required") and name not in present:
            yield f"{where} lacks the required {name}"


_ACCEPTED: dict[str, tuple[type, ...]] = {
    "bool": (bool,), "dict": (dict,), "float": (float, int), "int": (int,), "list": (list,), "path": (str,),
    "str": (str, int, float),
}  # fmt: skip


def wrong_value(option: dict[str, Any], value: Any, where: str) -> Iterator[str]:
    kind = option.get("type", "str")
    if value is None or templated(value):
        return
    accepted = _ACCEPTED.get(kind, (object,))
    if not isinstance(value, accepted) or (isinstance(value, bool) and bool not in accepted and object not in accepted):
        yield f"{where} is {value!r}, not a {kind}"
        return
    items = value if kind == "list" else [value]
    choices = option.get("choices")
    for number, item in enumerate(items):
        place = f"{where}[{number}]" if kind == "list" else where
        if templated(item):
            continue
        if choices and str(item) not in map(str, choices):
            yield f"{place} is {item!r}, not one of {', '.join(map(str, choices))}"
        if kind == "list" and option.get("elements"):
            inside = {"type": option["elements"], "options": option.get("options")}
            yield from wrong_value(inside, item, place)
        elif kind == "dict" and option.get("options"):
            yield from mistakes(option["options"], item, place)


def uses(node: Any) -> Iterator[tuple[str, str, Any]]:
    """Every use of one of our modules in tasks or plays: module, name of the task, options."""
    if isinstance(node, list):
        for item in node:
            yield from uses(item)
    elif isinstance(node, dict):
        for key, value in node.items():
            if isinstance(key, str) and key.removeprefix(f"{COLLECTION}.") in MODULES and key.startswith(COLLECTION):
                yield key.removeprefix(f"{COLLECTION}."), str(node.get("name", "")), value
            else:
                yield from uses(value)


def found_mistakes(content: Any, defaults: bool = False) -> list[str]:
    found = []
    for module, name, given in uses(content):
        options = documented(module)["options"]
        if defaults:  # module_defaults or a common variable may provide what is required
            options = {key: {**option, "required": False} for key, option in options.items()}
        found += [f"{name or module}: {mistake}" for mistake in mistakes(options, given or {}, module)]
    return found


def test_there_are_modules_and_roles() -> None:
    assert MODULES
    assert ROLES


@pytest.mark.parametrize("module", MODULES)
def test_examples_use_options_that_the_module_has(module: str) -> None:
    examples = load(constants(ROOT / "plugins" / "modules" / f"{module}.py")["EXAMPLES"])
    assert module in {used for used, _name, _options in uses(examples)}, "no example uses the module by its full name"
    assert not found_mistakes(examples)
    assert all(name for _module, name, _options in uses(examples) if not _is_default(examples)), "a task has no name"


def _is_default(examples: Any) -> bool:
    """Whether the examples hold module_defaults, whose entries look like tasks without a name."""
    return "module_defaults" in yaml.safe_dump(examples)


@pytest.mark.parametrize("module", MODULES)
def test_return_values_are_described(module: str) -> None:
    values = load(constants(ROOT / "plugins" / "modules" / f"{module}.py")["RETURN"])
    for name, value in values.items():
        assert value.get("description") and value.get("type") and value.get("returned"), name


def test_tasks_use_options_that_their_module_has() -> None:
    found = {path: found_mistakes(load(path.read_text()), defaults=True) for path in TASK_FILES}
    assert not {path: wrong for path, wrong in found.items() if wrong}


def test_filters_have_examples_and_return_values() -> None:
    for path in FILTERS:
        content = load(path.read_text())
        assert content["DOCUMENTATION"]["name"] == path.stem
        assert f"{COLLECTION}.{path.stem}" in content["EXAMPLES"], path
        assert content["RETURN"], path


def specification(role: str) -> dict[str, Any]:
    path = ROOT / "roles" / role / "meta" / "argument_specs.yml"
    specs: dict[str, Any] = load(path.read_text())["argument_specs"]
    return {name: option for spec in specs.values() for name, option in (spec.get("options") or {}).items()}


def defaults_of(role: str) -> dict[str, Any]:
    path = ROOT / "roles" / role / "defaults" / "main.yml"
    return (load(path.read_text()) or {}) if path.exists() else {}


@pytest.mark.parametrize("role", ROLES)
def test_a_role_declares_every_default_and_defaults_every_input(role: str) -> None:
    options, defaults = specification(role), defaults_of(role)
    assert sorted(set(defaults) - set(options)) == [], "in defaults/main.yml, not in meta/argument_specs.yml"
    optional = {name for name, option in options.items() if not option.get("required")}
    assert sorted(optional - set(defaults)) == [], "in meta/argument_specs.yml, not in defaults/main.yml"
    assert sorted(set(defaults) - optional) == [], "required, and yet has a default"


@pytest.mark.parametrize("role", ROLES)
def test_a_role_documents_the_defaults_that_it_has(role: str) -> None:
    defaults = defaults_of(role)
    differing = [
        name
        for name, option in specification(role).items()
        if "default" in option and option["default"] != defaults.get(name)
    ]
    assert not differing


@pytest.mark.parametrize("role", ROLES)
def test_the_defaults_of_a_role_have_the_declared_types(role: str) -> None:
    options = specification(role)
    found = [
        mistake
        for name, value in defaults_of(role).items()
        if name in options
        for mistake in wrong_value(options[name], value, name)
    ]
    assert not found


@pytest.mark.parametrize("role", ROLES)
def test_the_variables_of_a_role_are_prefixed(role: str) -> None:
    assert [name for name in specification(role) if not name.startswith((f"{role}_", "monitoring_"))] == []


@pytest.mark.parametrize("role", ROLES)
def test_a_roles_readme_is_up_to_date(role: str) -> None:
    directory = ROOT / "roles" / role
    assert (directory / "README.md").read_text() == role_docs.render(directory), "run make generate"


# The checks themselves: each finds what it is for.

OPTIONS: dict[str, Any] = {
    "name": {"type": "str", "required": True},
    "count": {"type": "int"},
    "state": {"choices": ["present", "absent"], "aliases": ["ensure"]},
    "items": {"type": "list", "elements": "dict", "options": {"url": {"required": True}, "on": {"type": "bool"}}},
}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"name": "a", "ensure": "present", "items": [{"url": "u", "on": True}]}, None),
        ({"name": "{{ a }}", "count": "{{ n }}", "items": "{{ many }}"}, None),
        ({"count": 1}, "lacks the required name"),
        ({"name": "a", "purge": True}, "m.purge does not exist"),
        ({"name": "a", "count": "1"}, "m.count is '1', not a int"),
        ({"name": "a", "count": True}, "m.count is True, not a int"),
        ({"name": "a", "state": "gone"}, "m.state is 'gone', not one of"),
        ({"name": "a", "items": [{"url": "u"}, {"url": "u", "of": 1}]}, "m.items[1].of does not exist"),
        ({"name": "a", "items": [{"on": True}]}, "m.items[0] lacks the required url"),
        ({"name": "a", "items": {"url": "u"}}, "not a list"),
    ],
)
def test_the_check_of_options(given: dict[str, Any], expected: str | None) -> None:
    found = list(mistakes(OPTIONS, given, "m"))
    if expected is None:
        assert not found
    else:
        assert len(found) == 1
        assert expected in found[0]
