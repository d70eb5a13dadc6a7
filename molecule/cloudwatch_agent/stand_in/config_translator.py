# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for the agent's translator: see README.md. It merges and finds contradictions, and little else."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

SECTIONS = {"agent", "metrics", "logs", "traces", "opentelemetry"}
NO_CONFIGURATION = 99


def merge(below: dict[str, Any], above: dict[str, Any], path: str) -> None:
    for key, value in above.items():
        if isinstance(value, dict) and isinstance(below.get(key), dict):
            merge(below[key], value, f"{path}{key}/")
        elif isinstance(value, list) and isinstance(below.get(key), list):
            below[key] += [item for item in value if item not in below[key]]
        elif below.setdefault(key, value) != value:
            sys.exit(f"Under path : {path}{key} | Error : Different values are specified for {key}")


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("input", "input-dir", "output", "mode", "config"):
        parser.add_argument(f"--{name}", default="")
    parser.add_argument("--multi-config", default="remove", choices=["default", "append", "remove"])
    arguments = parser.parse_args()
    found: dict[str, Path] = {}
    for path in sorted(Path(arguments.input_dir).iterdir()):
        new = path.suffix == ".tmp"
        if path.is_file() and (arguments.multi_config in (("default", "append") if new else ("append", "remove"))):
            name = path.name.removesuffix(".tmp")
            if new or name not in found:
                found[name] = path
    older = Path(arguments.input)
    if arguments.input and older.is_file() and arguments.multi_config != "default":
        found[older.name] = older
    if not found:
        sys.exit(NO_CONFIGURATION)
    whole: dict[str, Any] = {}
    for path in found.values():
        try:
            document = json.loads(path.read_text())
        except ValueError as error:
            sys.exit(f"E! {path} is no JSON: {error}")
        for section in document:
            if section not in SECTIONS:
                sys.exit(f"Under path : / | Error : Additional property {section} is not allowed")
        merge(whole, document, "/")
    # Not TOML, but what the stand-in's own start reads.
    Path(arguments.output).write_text(json.dumps(whole, indent=1) + "\n")
    print("Configuration validation first phase succeeded")


main()
