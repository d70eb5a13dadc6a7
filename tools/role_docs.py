# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write each role's README.md from its argument_specs and defaults, or check that it is up to date."""

from __future__ import annotations

import argparse
import difflib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tools import common

COLLECTION = "kumawatch.monitoring"
ROLES = common.ROOT / "roles"

# A placeholder for a required variable in the example, by its type.
_PLACEHOLDERS = {"bool": True, "int": 1, "float": 1.0, "list": [], "dict": {}}


def plain(text: str) -> str:
    """Ansible's documentation markup as Markdown."""

    def link(match: re.Match[str]) -> str:
        label, _, target = match.group(2).partition(",")
        return f"[{label.strip()}]({target.strip()})" if match.group(1) == "L" else label.strip()

    text = re.sub(r"\b(L|R)\(([^)]*)\)", link, text)
    text = re.sub(r"\bU\(([^)]*)\)", r"<\1>", text)
    text = re.sub(r"\bB\(((?:[^()\\]|\\.)*)\)", r"**\1**", text)
    text = re.sub(r"\bI\(((?:[^()\\]|\\.)*)\)", r"*\1*", text)
    text = re.sub(r"\b(?:O|RV|V|E|C|M)\(((?:[^()\\]|\\.)*)\)", lambda match: f"`{_unescape(match.group(1))}`", text)
    text = re.sub(r"\bP\(([^)#]*)(?:#[^)]*)?\)", r"`\1`", text)
    return text.replace("HORIZONTALLINE", "").strip()


def _unescape(text: str) -> str:
    """The text of semantic markup: backslashes protect brackets, a prefix before the last colon names a plugin."""
    return re.sub(r"\\(.)", r"\1", text)


def paragraphs(value: Any) -> list[str]:
    """A description, which is one string or a list of them."""
    return [plain(str(item)) for item in (value if isinstance(value, list) else [value or ""]) if item]


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def _type(option: dict[str, Any]) -> str:
    name = str(option.get("type", "str"))
    return f"list of {option['elements']}" if name == "list" and option.get("elements") else name


def _value(value: Any) -> str:
    """A default, short enough for a table."""
    text = value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)
    return f"`{_cell(text)}`" if len(text) <= 60 else "see defaults/main.yml"


def rows(options: dict[str, Any], defaults: dict[str, Any], prefix: str = "") -> Iterator[str]:
    """The table rows of options and, below each, of its suboptions."""
    for name, option in options.items():
        default = option.get("default", defaults.get(name) if not prefix else None)
        known = "default" in option or (not prefix and name in defaults)
        words = paragraphs(option.get("description"))
        if option.get("choices"):
            words.append("One of " + ", ".join(f"`{choice}`" for choice in option["choices"]) + ".")
        shown = "required" if option.get("required") else _value(default) if known else ""
        yield f"| `{prefix}{name}` | {_type(option)} | {shown} | {_cell(' '.join(words))} |"
        if option.get("options"):
            inside = f"{prefix}{name}[]." if option.get("type") == "list" else f"{prefix}{name}."
            yield from rows(option["options"], {}, inside)


def _example(role: str, entry: str, options: dict[str, Any]) -> list[str]:
    task: dict[str, Any] = {"name": f"{COLLECTION}.{role}"}
    if entry != "main":
        task["tasks_from"] = entry
    required = {
        name: _PLACEHOLDERS.get(option.get("type", "str"), "…")
        for name, option in options.items()
        if option.get("required")
    }
    body: dict[str, Any] = {"name": f"Run {role}", "ansible.builtin.import_role": task}
    if required:
        body["vars"] = required
    text = yaml.safe_dump([body], sort_keys=False, allow_unicode=True, width=120)
    return ["```yaml", *text.rstrip().splitlines(), "```"]


def render(role: Path) -> str:
    """The README of one role."""
    specs = yaml.safe_load((role / "meta" / "argument_specs.yml").read_text())["argument_specs"]
    path = role / "defaults" / "main.yml"
    defaults = (yaml.safe_load(path.read_text()) if path.exists() else None) or {}
    lines = [
        f"# {COLLECTION}.{role.name}",
        "",
        "<!-- Written by `make generate` from meta/argument_specs.yml: edit that. -->",
    ]
    for entry, spec in specs.items():
        options = spec.get("options") or {}
        if entry != "main":
            lines += ["", f"## Entry point {entry}"]
        lines += ["", *paragraphs(spec.get("short_description"))]
        for paragraph in paragraphs(spec.get("description")):
            lines += ["", paragraph]
        level = "##" if entry == "main" else "###"
        lines += ["", f"{level} Example", "", *_example(role.name, entry, options)]
        if options:
            lines += ["", f"{level} Variables", "", "| Variable | Type | Default | Meaning |", "|---|---|---|---|"]
            lines += rows(options, defaults)
    lines += ["", "## Licence", "", "GPL-3.0-or-later"]
    return "\n".join(lines) + "\n"


def roles() -> list[Path]:
    """The roles that declare their inputs, by name."""
    return sorted(path.parent.parent for path in ROLES.glob("*/meta/argument_specs.yml"))


def role_docs() -> int:
    """Write the READMEs, or with --check only say which are out of date."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail where a README is out of date")
    arguments = parser.parse_args()
    stale = 0
    for directory in sorted(path for path in ROLES.glob("*/") if not (path / "meta" / "argument_specs.yml").exists()):
        common.say(f"{common.relative(directory)} has no meta/argument_specs.yml")
        stale += 1
    for role in roles():
        readme = role / "README.md"
        there = readme.read_text() if readme.exists() else ""
        wanted = render(role)
        if there == wanted:
            continue
        if arguments.check:
            stale += 1
            common.say(f"{common.relative(readme)} is out of date: run make generate")
            name = common.relative(readme)
            for line in difflib.unified_diff(there.splitlines(), wanted.splitlines(), name, name, lineterm="", n=1):
                common.say(f"  {line}")
        else:
            readme.write_text(wanted)
            common.say(f"wrote {common.relative(readme)}")
    return int(stale > 0)


if __name__ == "__main__":
    common.main(role_docs)
