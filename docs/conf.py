# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sphinx settings of the documentation site; `make docs` builds it, offline."""

from __future__ import annotations

project = "Kumawatch"
author = "the Kumawatch contributors"
copyright = f"2026, {author}"
html_title = "Kumawatch"

extensions = ["myst_parser", "sphinx_antsibull_ext"]
source_suffix = {".rst": "restructuredtext", ".md": "markdown"}
exclude_patterns = ["docsite"]

html_theme = "furo"
html_show_sphinx = False
html_copy_source = False
html_show_sourcelink = False
pygments_style = "ansible"
highlight_language = "YAML+Jinja"

myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence", "deflist"]

# What Ansible's own documentation defines cannot be resolved without asking its site, and is left as text.
suppress_warnings = ["ref.ref", "myst.xref_missing"]
