# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the options of kuma_monitors into its documentation, from the table of what each Uptime Kuma version knows.

Ansible wants the documentation of a module as a literal inside it. A hundred options in two places would differ soon,
so the part between the two marks is written by this command; ``--check`` fails where it is not what the command would
write.
"""

from __future__ import annotations

import argparse
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "collections"))

from ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.fields import (  # noqa: E402
    MONITOR_FIELDS,
    MONITOR_TYPES,
    UNSET,
    Field,
    version_text,
)

MODULE = ROOT / "plugins" / "modules" / "kuma_monitors.py"
BEGIN = "      # The options from here to the end of the list are written by tools/module_docs.py."
END = "      # End of what tools/module_docs.py writes."
WIDTH = 120


def describe(item: Field) -> list[str]:
    """The documentation of one option, as lines of YAML."""
    sentences = [item.doc]
    if item.types:
        names = sorted(item.types)
        sentences.append(f"Of {'type' if len(names) == 1 else 'types'} {', '.join(f'V({name})' for name in names)}.")
    if item.default is not UNSET and item.default not in ("", [], {}):
        shown = ", ".join(map(str, item.default)) if isinstance(item.default, list) else item.default
        if not isinstance(shown, dict):
            sentences.append(
                f"A new monitor gets V({str(shown).lower() if isinstance(shown, bool) else shown}) where it is not set."
            )
    if item.since > (1, 23, 0):
        sentences.append(f"Needs Uptime Kuma {version_text(item.since)}.")
    later = {choice: since for choice, since in item.choices_since.items() if since > item.since}
    sentences += [f"V({choice}) needs Uptime Kuma {version_text(since)}." for choice, since in sorted(later.items())]
    if not item.readable:
        sentences.append(
            "The server does not show it, so that it is set on creation and with any other change, and not compared."
        )
    lines = [f"      {item.option}:", "        description:"]
    for sentence in sentences:
        lines += textwrap.wrap(
            _quoted(sentence),
            WIDTH,
            initial_indent="          - ",
            subsequent_indent="            ",
            break_long_words=False,
            break_on_hyphens=False,
        )
    lines.append(f"        type: {'raw' if item.type == 'json' else item.type}")
    if item.elements:
        lines.append(f"        elements: {item.elements}")
    if item.choices:
        lines.append("        choices:")
        lines += [f"          - {_scalar(choice)}" for choice in item.choices]
    return lines


def _quoted(sentence: str) -> str:
    if ": " in sentence or sentence.startswith(("'", '"', "`", "[", "{", "@", "%", "&", "*", "!")):
        return "'" + sentence.replace("'", "''") + "'"
    return sentence


def _scalar(choice: str) -> str:
    plain = choice.replace("-", "").replace("_", "").isalnum() and not choice[0].isdigit()
    return (
        choice
        if plain and choice.lower() not in ("none", "null", "true", "false", "yes", "no", "on", "off")
        else f'"{choice}"'
    )


def block() -> str:
    """Everything between the marks."""
    lines = [BEGIN]
    for item in MONITOR_FIELDS:
        lines += describe(item)
    return "\n".join([*lines, END])


def types() -> str:
    """The choices of ``type`` with what each is, as lines of YAML."""
    return "\n".join(f"          - {_scalar(name)}" for name in sorted(MONITOR_TYPES))


def main() -> int:
    """Write or check."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="only say whether the documentation is up to date")
    arguments = parser.parse_args()
    text = MODULE.read_text()
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    wanted = head + block() + tail
    if text == wanted:
        return 0
    if arguments.check:
        print(f"{MODULE.relative_to(ROOT)} is not up to date: run python tools/module_docs.py.", file=sys.stderr)
        return 1
    MODULE.write_text(wanted)
    return 0


if __name__ == "__main__":
    sys.exit(main())
