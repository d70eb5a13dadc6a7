#!/bin/sh
# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Asks the agent's own translator whether it takes a configuration, which comes on standard input, together with the others that
# the agent has. Nothing of the agent's is touched. Arguments: the agent's directory, the mode, "alone" or "merged".
set -eu
agent=$1 mode=$2 others=$3
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
mkdir "$directory/in" "$directory/out"
if [ "$others" = merged ]; then
    for file in "$agent"/etc/amazon-cloudwatch-agent.d/*; do
        case ${file##*/} in
        '*' | file_kumawatch.json | *.tmp) ;;
        *) cp "$file" "$directory/in/" ;;
        esac
    done
    ! [ -f "$agent/etc/amazon-cloudwatch-agent.json" ] || cp "$agent/etc/amazon-cloudwatch-agent.json" "$directory/in/"
fi
cat >"$directory/in/file_kumawatch.json"
"$agent/bin/config-translator" --input-dir "$directory/in" --output "$directory/out/agent.toml" --mode "$mode" \
    --config "$agent/etc/common-config.toml" --multi-config remove
