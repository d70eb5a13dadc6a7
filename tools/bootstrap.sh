#!/bin/sh
# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Run tools/bootstrap.py with a Python that really starts: the first python3 on the PATH may be a shim for a version that
# is not installed. bootstrap.py itself then looks for the newest suitable one.
cd "$(dirname "$0")/.." || exit 1

find_python() {
    for candidate in "${KUMAWATCH_PYTHON:-}" python3 python3.14 python3.13 python3.12 python3.11 /usr/bin/python3 \
        /usr/local/bin/python3 "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.1[1-4]*/bin/python3; do
        if [ -n "$candidate" ] &&
            "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 8))' >/dev/null 2>&1; then
            echo "$candidate"
            return
        fi
    done
    return 1
}

if ! python=$(find_python); then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "  missing Python; you are root on Debian, so: apt-get install python3 python3-venv"
        { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends \
            python3 python3-venv; } >/dev/null || exit 1
    fi
    if ! python=$(find_python); then
        echo "error: no Python 3 starts here; install Python 3.11 or newer: sudo apt-get install python3 python3-venv" >&2
        exit 1
    fi
fi
exec "$python" -m tools.bootstrap "$@"
