# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the documentation into docs/site: the guides of docs/, and the reference of modules, filters and roles."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from tools import common

SOURCE = common.CACHE / "docs" / "source"
SITE = common.ROOT / "docs" / "site"
COLLECTION = "kumawatch.monitoring"


def _run(label: str, argv: list[str], log: Path) -> str:
    env = common.environment()
    env["ANSIBLE_COLLECTIONS_PATH"] = str(common.ROOT / "collections")
    if common.run_logged(label, [str(common.VENV / "bin" / argv[0]), *argv[1:]], log, env=env):
        common.show_log(log)
        raise common.Failure(f"the documentation was not built; the log is in {common.relative(log)}")
    return log.read_text(errors="replace")


def title(page: Path) -> str:
    """A Markdown page's first heading, else its file name."""
    match = re.search(r"^# (.+)$", page.read_text(), re.MULTILINE)
    return match.group(1) if match else page.stem


def _copy_guides() -> list[str]:
    """Copy the Markdown pages of docs/ and what they show; the names of the pages, by title."""
    guides = []
    for path in sorted((common.ROOT / "docs").iterdir()):
        if path.suffix == ".md":
            guides.append(path)
        if path.suffix in (".md", ".png", ".svg", ".jpg") or path.name in ("images", "screenshots"):
            (shutil.copytree if path.is_dir() else shutil.copy2)(path, SOURCE / path.name)
    return [path.stem for path in sorted(guides, key=lambda path: (path.stem == "decisions", title(path).lower()))]


def _relink(page: Path) -> None:
    """Point links that leave docs/ for other files of the repository at the repository, or at the page made of them."""
    text = page.read_text()
    text = re.sub(r"\]\(\.\./(CHANGELOG|CONTRIBUTING)\.md", lambda match: f"]({match.group(1).lower()}.md", text)
    page.write_text(text)


def docs() -> int:
    shutil.rmtree(SOURCE.parent, ignore_errors=True)
    SOURCE.mkdir(parents=True)
    log = common.LOGS / "docs-reference.log"
    (SOURCE / "reference").mkdir(mode=0o755)  # antsibull-docs wants it there, and not writable by others
    reference = ["antsibull-docs", "collection", "--use-current", "--squash-hierarchy", "--fail-on-error"]
    _run(
        "reference of modules, filters and roles",
        [*reference, "--dest-dir", str(SOURCE / "reference"), COLLECTION],
        log,
    )
    for page in (SOURCE / "reference").glob("*.rst"):
        # The theme has a table of contents beside each page, and will not have another on it.
        page.write_text(re.sub(r"^\.\. contents::\n(?:   :.*\n)*", "", page.read_text(), flags=re.MULTILINE))
    guides = _copy_guides()
    for name in ("CHANGELOG.md", "CONTRIBUTING.md"):
        shutil.copy2(common.ROOT / name, SOURCE / name.lower())
    for page in SOURCE.glob("*.md"):
        _relink(page)
    lines = ["# Kumawatch", "", _introduction(), ""]
    for caption, pages in (
        ("Guides", guides),
        ("Reference", ["Modules, filters and roles <reference/index>"]),
        ("Project", ["contributing", "changelog"]),
    ):
        if pages:
            lines += ["```{toctree}", f":caption: {caption}", ":maxdepth: 2", "", *pages, "```", ""]
    (SOURCE / "index.md").write_text("\n".join(lines))
    shutil.rmtree(SITE, ignore_errors=True)
    output = _run(
        "pages",
        ["sphinx-build", "--fail-on-warning", "--keep-going", "--quiet", "-c", "docs", str(SOURCE), str(SITE)],
        common.LOGS / "docs-pages.log",
    )
    if "WARNING" in output:
        common.show_log(common.LOGS / "docs-pages.log")
    common.say(f"open {common.relative(SITE / 'index.html')}")
    return 0


def _introduction() -> str:
    """The README's first paragraph of prose, else the collection's description."""
    readme = common.ROOT / "README.md"
    if readme.exists():
        for paragraph in readme.read_text().split("\n\n"):
            if re.match(r"\s*[A-Za-z*`]", paragraph):
                return paragraph.strip()
    match = re.search(r"^description: (.+)$", (common.ROOT / "galaxy.yml").read_text(), re.MULTILINE)
    return match.group(1) if match else ""


if __name__ == "__main__":
    common.main(docs)
