# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Uptime Kuma's host does by itself: backups, restores, and the heartbeat that says that the watcher lives.

Standard library only, from Python 3.11 on: it has to work on the day when nothing else does.
"""
