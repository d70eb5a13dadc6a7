# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's **stand-in for AWS**: MiniStack in a venv of its own, with an overlay for what it lacks or does otherwise.

No real AWS is behind it. ``install`` and ``testing`` run in the project's Python, all else in the stand-in's process.
"""
