# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server's configuration as a file of variables. Documented in uptime_export.yml."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from ansible_collections.kumawatch.monitoring.plugins.module_utils._catalog import export
from ansible_collections.kumawatch.monitoring.plugins.plugin_utils.filters import as_filter, role_options


class _Unsafe(str):
    """Text that Ansible must not take for a template."""

    __slots__ = ()


class _Dumper(yaml.SafeDumper):
    """YAML as people write it: lists indented, long texts in blocks."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indent lists in mappings as well."""
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        """Write everything out."""
        return True


def _text(dumper: _Dumper, value: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


def _unsafe(dumper: _Dumper, value: _Unsafe) -> yaml.Node:
    return dumper.represent_scalar("!unsafe", str(value), style="'")


_Dumper.add_representer(str, _text)
_Dumper.add_representer(_Unsafe, _unsafe)


def _plain(value: Any) -> Any:
    """Ordinary types, with what looks like a template marked as none: message templates of the server do."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, str):
        template = any(mark in value for mark in ("{{", "{%", "{#"))
        return _Unsafe(value) if template else str(value)
    if isinstance(value, Sequence):
        return [_plain(item) for item in value]
    if isinstance(value, bool) or value is None:
        return value
    return float(value) if isinstance(value, float) else int(value)


@as_filter
def uptime_export(gathered: Any, url: str, environment: str = "") -> str:
    """The text of the file."""
    found = (
        export.catalogue(gathered, environment, role_options("catalogue"))
        if environment
        else export.variables(gathered)
    )
    comment = "".join(f"# {line}".rstrip() + "\n" for line in export.heading(gathered, url, environment))
    declared = _plain(found)
    body = yaml.dump(declared, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120) if declared else "{}\n"
    return f"{comment}---\n{body}"


class FilterModule:
    """The filter."""

    def filters(self) -> dict[str, Any]:
        """By name."""
        return {"uptime_export": uptime_export}
