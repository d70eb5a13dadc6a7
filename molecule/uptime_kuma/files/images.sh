#!/bin/sh
# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Images of Uptime Kuma from its npm package, with no base image from a registry: this host's own Node.js and what it links to.
set -e
package=/lab/uptime-kuma-2.0.0-dev.0
image=kumawatch-test/uptime-kuma
docker image inspect "$image:2.0.0-dev.0" >/dev/null 2>&1 && exit 0
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir -p "$root/app" "$root/tmp" "$root/etc" "$root/usr/bin" "$root/usr/share"
ln -s usr/bin "$root/bin"
ln -s usr/lib "$root/lib"
ln -s usr/lib64 "$root/lib64"
for program in node cat sh ping; do
  path=$(command -v $program) || continue
  cp -L "$path" "$root/usr/bin/"
  ldd "$path" | grep -o '/[^ ]*' | while read -r library; do
    install -D "$(readlink -f "$library")" "$root/usr/${library#/usr/}"
  done
done
cp -a /usr/share/nodejs "$root/usr/share/" 2>/dev/null || true
cp /etc/passwd /etc/group "$root/etc/"
cp -a "$package/node_modules" "$root/app/"
for name in config db dist extra index.html package.json server src; do
  cp -a "$package/node_modules/uptime-kuma/$name" "$root/app/"
done
tar -C "$root" -c . | docker import --change 'WORKDIR /app' --change 'EXPOSE 3001' --change 'ENV NODE_ENV=production' \
  --change 'CMD ["node", "server/server.js"]' - "$image:2.0.0-dev.0" >/dev/null
# A stand-in for the next release: the same server under another number.
mkdir "$root/next" "$root/broken"
sed 's/"version": "[^"]*"/"version": "2.0.1"/' "$root/app/package.json" >"$root/next/package.json"
printf 'FROM %s:2.0.0-dev.0\nCOPY package.json /app/package.json\n' "$image" >"$root/next/Dockerfile"
docker build --quiet --tag "$image:2.0.1" "$root/next" >/dev/null
# One that never comes up, after it has spoilt the data.
sed 's/"version": "[^"]*"/"version": "2.0.2"/' "$root/app/package.json" >"$root/broken/package.json"
echo 'require("fs").writeFileSync("/app/data/kuma.db", "spoilt"); process.exit(1);' >"$root/broken/server.js"
printf 'FROM %s:2.0.0-dev.0\nCOPY package.json /app/package.json\nCOPY server.js /app/server/server.js\n' "$image" >"$root/broken/Dockerfile"
docker build --quiet --tag "$image:2.0.2" "$root/broken" >/dev/null
