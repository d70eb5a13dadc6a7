# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take stock of a host, on that host: files that belong to no package, users, groups, units and open ports.

Prints a JSON list of lines, which a later one is compared with. What an installed package owns is left out, and so is
what the distribution's own programs write beside it: packages may stay, what a role made of itself may not.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

#: Whole directories: other file systems, temporary files, caches, logs, the state of dpkg, rpm and systemd.
SKIPPED = re.compile(
    r"/(proc|sys|dev|run|tmp|var/(tmp|cache|log)|var/lib/(apt|dnf|dpkg|rpm|ucf|pam|systemd|dbus|private|python|docker|containerd)"
    r"|root/\.(cache|ansible(_async)?)|etc/(alternatives|ssl/certs))|.*/__pycache__"
)
#: Files that change by themselves, or whenever a package or a user comes or goes; users and groups are told apart.
MOVING = re.compile(
    r"/etc/(passwd|group|shadow|gshadow|subuid|subgid)-?|/etc/(ld\.so\.cache|mtab|resolv\.conf|hosts|hostname|\.pwd\.lock"
    r"|\.updated|machine-id|adjtime|localtime|environment)|/var/\.updated|.*\.dpkg-(old|dist|new)|/\.dockerenv"
)


def said(*argv: str) -> str:
    """What a command prints; nothing where there is no such command."""
    try:
        return subprocess.run(argv, capture_output=True, text=True, check=False).stdout
    except OSError:
        return ""


def owned() -> set[str]:
    """The paths that installed packages own, as they are and with links resolved."""
    paths = set(said("rpm", "-qal").splitlines())
    for listed in Path("/var/lib/dpkg/info").glob("*.list"):
        paths.update(listed.read_text(errors="replace").splitlines())
    return paths | {os.path.realpath(path) for path in paths if path.startswith(("/bin", "/lib", "/sbin"))}


def pristine(path: str, shipped: dict[str, str]) -> bool:
    """Whether a configuration file is as its package brought it."""
    return path in shipped and hashlib.md5(Path(path).read_bytes()).hexdigest() == shipped[path]


def configurations() -> dict[str, str]:
    """The configuration files of packages, and the MD5 of each as it came."""
    lines = map(str.split, said("dpkg-query", "--show", "--showformat", "${Conffiles}\\n").splitlines())
    return {fields[0]: fields[1] for fields in lines if len(fields) >= 2}


def files(packaged: set[str]) -> Iterator[str]:
    """Each file, directory and link that no package owns; below /etc what a package owns too, where it was changed."""
    shipped = configurations()
    device = os.stat("/").st_dev
    for directory, names, leaves in os.walk("/"):
        names[:] = [name for name in names if not SKIPPED.fullmatch(os.path.join(directory, name))]
        for name in names + leaves:
            path = os.path.join(directory, name)
            try:
                found = os.lstat(path)
            except OSError:
                continue
            if found.st_dev != device or MOVING.fullmatch(path):
                continue
            configuration = path.startswith("/etc/") and stat.S_ISREG(found.st_mode)
            if path in packaged and (not configuration or pristine(path, shipped)):
                continue
            if stat.S_ISLNK(found.st_mode):
                target = os.path.realpath(path)
                if target not in packaged:  # what a package's scripts link to its own files is the package's
                    yield f"link {path} -> {target}"
                continue
            held = hashlib.sha256(Path(path).read_bytes()).hexdigest()[:12] if configuration else ""
            yield f"file {path} {stat.filemode(found.st_mode)} {found.st_uid}:{found.st_gid} {held}".rstrip()


def units(packaged: set[str]) -> Iterator[str]:
    """The units that run, failed or are still spoken of, and that no package brought."""
    known = {os.path.basename(path) for path in packaged if "/systemd/system/" in path}
    kinds = "--type=service,socket,timer,path,mount"
    for line in said("systemctl", "list-units", "--all", "--plain", "--no-legend", kinds).splitlines():
        name, load, active, *_ = line.split()
        template = re.sub(r"@.*\.", "@.", name)
        if load == "loaded" and active != "inactive" and not {name, template} & known:
            yield f"unit {name} {active}"


def stock() -> list[str]:
    packaged = owned()
    lines = [*files(packaged), *units(packaged)]
    lines += [f"user {line}" for line in Path("/etc/passwd").read_text().splitlines()]
    lines += [f"group {line}" for line in Path("/etc/group").read_text().splitlines()]
    for line in said("ss", "-Hlntup").splitlines():
        kind, _state, _received, _sent, address, *_ = line.split()
        # Docker's name server and containerd have other ports after a restart.
        if not address.startswith("127.0.0.11:") and '(("containerd",' not in line:
            lines.append(f"port {kind} {address}")
    return sorted(set(lines))


print(json.dumps(stock(), indent=0))
