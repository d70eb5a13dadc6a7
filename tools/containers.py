# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Docker for the tests: the daemon that answers, else one of our own, and the images of hosts with systemd.

Where no daemon answers and we are root, one is started that has its own socket and its own data. It stays until
`make down`, as the lab does. Images are built of the distribution's own archive and named by what they are made of.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lab import process
from tools import common, system

#: What the daemon of our own needs, by Debian's names.
PACKAGES = ("docker.io", "iptables", "mmdebstrap")

#: Where the daemon of our own has its data: not in the checkout, whose tools would walk through the images. The path
#: is short because sockets lie below it.
HOME = Path("/var/lib") / f"kumawatch-docker-{hashlib.sha256(str(common.ROOT).encode()).hexdigest()[:8]}"

PATIENCE = 60.0

#: Certificate authorities of this machine that are not the distribution's: hosts must trust them to reach what it does.
AUTHORITIES = Path("/usr/local/share/ca-certificates")

_BASE = (
    "apt",
    "ca-certificates",
    "curl",
    "dbus",
    "iproute2",
    "procps",
    "python3",
    "python3-apt",
    "python3-venv",
    "sudo",
    "systemd",
    "systemd-sysv",
)


class Unavailable(Exception):
    """There is no Docker, or not this image; one sentence why, and what would help."""


@dataclass(frozen=True)
class Keyring:
    """Where a machine has a distribution's keys, or a mirror a package of them, and the fingerprint of the key."""

    path: Path
    package: str
    fingerprint: str


@dataclass(frozen=True)
class Image:
    """What a host is made of: a release of a distribution, or another image (base) and what script adds to it.

    keyring: of a distribution whose keys Debian does not have.
    """

    suite: str
    base: str = ""
    script: str = ""
    components: str = "main"
    keyring: Keyring | None = None


# dnf and rpm are Debian's own, and so is all else: what is tried on it is how roles treat a system of that family.
_EL = r"""
apt-get install --yes --no-install-recommends createrepo-c dnf rpm
rm -f /etc/os-release /etc/debian_version
cat >/etc/os-release <<'END'
NAME="Red Hat Enterprise Linux"
PRETTY_NAME="A simulation of RHEL 9 on Debian"
ID="rhel"
ID_LIKE="fedora"
VERSION="9.4 (simulated)"
VERSION_ID="9.4"
PLATFORM_ID="platform:el9"
END
echo 'Red Hat Enterprise Linux release 9.4 (simulated)' >/etc/redhat-release
"""

_UBUNTU = Keyring(
    Path("/usr/share/keyrings/ubuntu-archive-keyring.gpg"),
    "pool/main/u/ubuntu-keyring/ubuntu-keyring_2023.11.28.1_all.deb",
    "F6ECB3762474EDA9D21B7022871920D1991BC93C",
)

IMAGES: Mapping[str, Image] = {
    "debian12": Image("bookworm"),
    "debian13": Image("trixie"),
    "ubuntu2404": Image("noble", components="main,universe", keyring=_UBUNTU),
    "el": Image("", base="debian12", script=_EL),
}


# ── the daemon ──────────────────────────────────────────────────────────────────────────────────────────────────────


def answers(host: str = "") -> str:
    """Why no daemon answers there (where the environment says, without a host), or "" when one does."""
    env = {**os.environ, "DOCKER_HOST": host} if host else dict(os.environ)
    try:
        done = subprocess.run(
            ["docker", "info", "--format", "{{json .ServerVersion}}"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            env=env,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    said = done.stderr.strip().splitlines()
    return "" if done.returncode == 0 and done.stdout.strip() != '""' else said[-1] if said else "docker info failed"


def ensure() -> str:
    """Have a daemon that answers, and name it to all that we start by DOCKER_HOST.

    Raises Unavailable.
    """
    if not shutil.which("docker"):
        raise Unavailable(f"there is no docker command: {system.command(PACKAGES)}")
    why = answers()
    if not why:
        return os.environ.get("DOCKER_HOST", "")
    if os.environ.get("DOCKER_HOST"):
        raise Unavailable(f"DOCKER_HOST is set, and no Docker daemon answers there: {why}")
    if os.geteuid() != 0 or not shutil.which("dockerd"):
        raise Unavailable(f"no Docker daemon answers, and only root can start one of its own: {why}")
    with _alone():
        host = f"unix://{HOME}/docker.sock"
        # One that is there and busy is waited for: with it would go the hosts of whoever else runs tests.
        if not (_daemon() and not _awaited(host)):
            stop()
            _start(host)
    os.environ["DOCKER_HOST"] = host
    return host


def _awaited(host: str, patience: float = PATIENCE) -> str:
    """Why the daemon that runs does not answer there in time, or "" when it does."""
    deadline = time.monotonic() + patience
    while (why := answers(host)) and time.monotonic() < deadline and _daemon():
        time.sleep(0.5)
    return why


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Hold the lock of the daemon and the images: what one makes, others wait for."""
    common.CACHE.mkdir(exist_ok=True)
    with (common.CACHE / "docker.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _daemon() -> process.Process | None:
    """The daemon of our own that runs, or None."""
    try:
        pid = int((HOME / "dockerd.pid").read_text())
        argv = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (OSError, ValueError):
        return None
    started = process.started_at(pid)
    return process.Process(pid, started) if started and str(HOME / "data").encode() in argv else None


def _start(host: str) -> None:
    HOME.mkdir(mode=0o711, exist_ok=True)
    log = HOME / "dockerd.log"
    command = ["dockerd", "--data-root", str(HOME / "data"), "--exec-root", str(HOME / "exec")]
    command += ["--host", host, "--pidfile", str(HOME / "dockerd.pid")]
    child = process.launch(command, cwd=HOME, env=dict(os.environ), log=log)
    deadline = time.monotonic() + PATIENCE
    while answers(host):
        if child.poll() is not None or time.monotonic() > deadline:
            last = log.read_text(errors="replace").strip().splitlines()[-1:]
            raise Unavailable(f"dockerd does not start here: {' '.join(last)}; its log is {log}")
        time.sleep(0.5)
    common.say(f"  started a Docker daemon of our own, which stays until make down ({host})")


def stop() -> bool:
    """Stop the daemon of our own and its containers; whether one ran."""
    daemon = _daemon()
    if daemon:
        process.stop(daemon, patience=PATIENCE)
    return daemon is not None


def remove() -> None:
    """Stop the daemon of our own and remove its data, images among them."""
    stop()
    shutil.rmtree(HOME, ignore_errors=True)


# ── images ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def image(name: str) -> str:
    """The tag of a host's image: what MOLECULE_IMAGE_<NAME> says, else one that is built where it is missing.

    Raises Unavailable.
    """
    named = os.environ.get(_variable(name))
    if named:
        return named
    if name not in IMAGES:
        raise Unavailable(f"there is no image {name}; there are {', '.join(IMAGES)}")
    wanted = IMAGES[name]
    base = image(wanted.base) if wanted.base else ""
    tag = f"kumawatch-molecule/{name}:{_digest(wanted, base)}"
    with _alone():
        if not _docker("image", "inspect", tag):
            (_derive if base else _bootstrap)(name, wanted, base, tag)
            _forget_older(tag)
    return tag


def _variable(name: str) -> str:
    return f"MOLECULE_IMAGE_{name.upper()}"


def _docker(*arguments: str) -> bool:
    return subprocess.run(["docker", *arguments], capture_output=True, check=False).returncode == 0


def _digest(wanted: Image, base: str) -> str:
    """Names what an image is made of; its package lists grow old, so that each week has its own."""
    parts = [repr(wanted), base, repr(_BASE), _SETUP, pip_configuration(), time.strftime("%G-%V")]
    parts += [path.read_text() for path in sorted(AUTHORITIES.glob("*.crt"))]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


def _forget_older(tag: str) -> None:
    name = tag.partition(":")[0]
    listed = subprocess.run(
        ["docker", "image", "ls", "--format", "{{.Repository}}:{{.Tag}}", name], capture_output=True, text=True
    )
    for older in set(listed.stdout.split()) - {tag}:
        _docker("image", "rm", older)  # one that is still in use stays


def pip_configuration() -> str:
    """What pip in a host is told: this machine's index and authorities, without what only this machine has."""
    done = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, env=common.environment()
    )
    lines = ["[global]", "cert = /etc/ssl/certs/ca-certificates.crt", "cache-dir = /var/cache/pip"]
    for line in done.stdout.splitlines():
        key, _, value = line.partition("=")
        option, value = key.rpartition(".")[2], value.strip("'\"")
        # An address with a login stays out of images.
        if option in ("index-url", "trusted-host", "proxy") and "@" not in value and not value.startswith("file:"):
            lines.append(f"{option} = {value}")
    return "\n".join(lines) + "\n"


# Runs in the new system, before it becomes an image.
_SETUP = """
update-ca-certificates >/dev/null
rm -f /etc/machine-id /var/lib/dbus/machine-id
: >/etc/machine-id
systemctl mask getty.target console-getty.service apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer
"""

_CONFIGURATION = (
    "ENV container=docker NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt",
    'CMD ["/lib/systemd/systemd"]',
)


def _bootstrap(name: str, wanted: Image, _base: str, tag: str) -> None:
    if not shutil.which("mmdebstrap"):
        raise Unavailable(f"mmdebstrap, which builds images, is not installed: {system.command(['mmdebstrap'])}")
    with tempfile.TemporaryDirectory(prefix="kumawatch-image-") as directory:
        archive, pip = Path(directory) / "image.tar", Path(directory) / "pip.conf"
        pip.write_text(pip_configuration())
        argv = ["mmdebstrap", "--variant=minbase", f"--include={','.join(_BASE)}", "--skip=cleanup/apt/lists"]
        argv += [f"--components={wanted.components}", *(f"--aptopt={option}" for option in _proxies())]
        mirror = os.environ.get(_mirror(name) if wanted.keyring else "MOLECULE_MIRROR", "").strip()
        if wanted.keyring:
            argv.append(f"--keyring={_keyring(name, wanted.keyring, mirror, Path(directory))}")
        if any(AUTHORITIES.glob("*.crt")):
            argv.append(f"--customize-hook=copy-in {AUTHORITIES} {AUTHORITIES.parent}")
        argv += [f"--customize-hook=copy-in {pip} /etc", f'--customize-hook=chroot "$1" sh -c {shlex.quote(_SETUP)}']
        argv += [wanted.suite, str(archive), *([mirror] if mirror else [])]
        # In a session of its own: it signals its whole process group when it ends.
        _build(name, ["setsid", "--wait", *argv])
        changes = [part for change in _CONFIGURATION for part in ("--change", change)]
        _build(name, ["docker", "import", *changes, str(archive), tag], append=True)


def _mirror(name: str) -> str:
    return f"MOLECULE_MIRROR_{name.upper()}"


def _keyring(name: str, wanted: Keyring, mirror: str, into: Path) -> Path:
    """The keyring of this machine, else one with the key of the fingerprint alone, from the mirror.

    Raises Unavailable.
    """
    if wanted.path.exists():
        return wanted.path
    otherwise = f"name one that there is in {_variable(name)}"
    if not shutil.which("gpg"):
        raise Unavailable(f"the image {name} needs gnupg: {system.command(['gnupg'])}, or {otherwise}")
    if not mirror:
        raise Unavailable(f"the image {name} needs the address of a mirror in {_mirror(name)}; or {otherwise}")
    url, package = f"{mirror.rstrip('/')}/{wanted.package}", into / "keyring.deb"
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            package.write_bytes(answer.read())
    except OSError as error:
        raise Unavailable(f"the image {name} cannot be built, {url}: {error}; {otherwise}") from None
    # It came without a signature: of what is in it, only the key is believed whose fingerprint we know.
    subprocess.run(["dpkg-deb", "--extract", str(package), str(into / "keys")], capture_output=True, check=False)
    home = into / "gnupg"
    home.mkdir(mode=0o700)
    gpg = ["gpg", "--homedir", str(home), "--no-autostart", "--batch", "--quiet"]
    subprocess.run([*gpg, "--import", f"{into}/keys{wanted.path}"], capture_output=True, check=False)
    key = subprocess.run([*gpg, "--export", wanted.fingerprint], capture_output=True, check=False).stdout
    if not key:
        raise Unavailable(f"the image {name} cannot be built, {url} has no key {wanted.fingerprint}; {otherwise}")
    (into / "keyring.gpg").write_bytes(key)
    into.chmod(0o711)  # apt reads it as a user of its own
    return into / "keyring.gpg"


def _derive(name: str, wanted: Image, base: str, tag: str) -> None:
    with tempfile.TemporaryDirectory(prefix="kumawatch-image-") as directory:
        (Path(directory) / "script").write_text(f"set -e\nexport DEBIAN_FRONTEND=noninteractive\n{wanted.script}")
        (Path(directory) / "Dockerfile").write_text(f"FROM {base}\nCOPY script /script\nRUN sh /script && rm /script\n")
        _build(name, ["docker", "build", "--tag", tag, directory])


def _build(name: str, argv: Sequence[str], append: bool = False) -> None:
    log = common.LOGS / f"image-{name}.log"
    if common.run_logged(f"image {name}", argv, log, quiet=True, append=append, limit=900):
        said = log.read_text(errors="replace").splitlines()
        last = [line for line in said if line.startswith(("E: ", "Error"))][:1]  # those after it follow from it
        why = f"{' '.join(last)} (see {common.relative(log)})"
        raise Unavailable(f"the image {name} cannot be built: {why}; name one that there is in {_variable(name)}")


def _proxies() -> list[str]:
    """apt's options for the proxy that this machine's apt uses."""
    options = []
    for key in ("Acquire::http::Proxy", "Acquire::https::Proxy"):
        if shutil.which("apt-config"):
            done = subprocess.run(["apt-config", "shell", "value", key], capture_output=True, text=True, check=False)
            value = done.stdout.strip().removeprefix("value=").strip("'")
            options += [f"{key} {json.dumps(value)}"] if value else []
    return options


def main() -> int:
    """The command: build an image and print its tag, or stop the daemon of our own, or remove it."""
    parser = argparse.ArgumentParser(prog="tools.containers", description=__doc__)
    parser.add_argument("command", choices=["image", "stop", "remove"])
    parser.add_argument("name", nargs="?", default="", help=f"with image: one of {', '.join(IMAGES)}")
    arguments = parser.parse_args()
    if arguments.command == "image":
        try:
            with contextlib.redirect_stdout(sys.stderr):  # what prints on the way
                ensure()
                tag = image(arguments.name)
        except Unavailable as error:
            raise common.Failure(f"{error}.")
        print(tag)
    elif arguments.command == "remove":
        remove()
    elif stop():
        common.say("  stopped the Docker daemon of the tests")
    return 0


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    common.main(main)
