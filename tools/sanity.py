# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run ansible-test sanity on a copy of the collection, with all that it needs kept in .cache."""

from __future__ import annotations

import ast
import configparser
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from tools import collection, common

HOME = common.CACHE / "ansible-test" / "home"

# ansible-test wants to download this file from a host of its own; what it does is in every Python already.
_GET_PIP = '''"""Put pip into a sanity test's environment: from this Python, then in the version that is asked for."""
import subprocess
import sys

subprocess.check_call([sys.executable, "-m", "ensurepip", "--default-pip"], stdout=subprocess.DEVNULL)
wanted = [argument for argument in sys.argv[1:] if not argument.startswith("--no-")]
sys.exit(subprocess.call([sys.executable, "-m", "pip", "install", "--quiet", *wanted]))
'''


# Settings of pip that would put packages, or what it has to say, elsewhere than into the environment at hand.
_ELSEWHERE = {"user", "target", "prefix", "root", "require-virtualenv", "log"}


def _internal() -> Path:
    """Where the installed ansible-test keeps its code."""
    import ansible_test  # type: ignore[import-untyped]

    return Path(next(iter(ansible_test.__path__))) / "_internal"


def _pip_versions() -> set[str]:
    """The versions of pip that the installed ansible-test puts into its environments."""
    code = (_internal() / "python_requirements.py").read_text()
    return set(re.findall(r"pip='(\d+(?:\.\d+)+)'", code))


def _pip_settings() -> dict[str, str]:
    """pip's settings as they hold here, from the user's files and environment: ansible-test passes neither on."""
    done = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    settings = {}
    for line in done.stdout.splitlines():
        match = re.match(r"(?:global\.|install\.|:env:\.)([a-z-]+)=(.*)", line)
        if match and match.group(1) not in _ELSEWHERE:
            settings[match.group(1)] = str(ast.literal_eval(match.group(2)))
    for key, names in (
        ("cert", ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE")),
        ("proxy", ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")),
    ):
        value = next((os.environ[name] for name in names if os.environ.get(name)), "")
        if value:
            settings.setdefault(key, value)
    return settings


def _prepare_home() -> None:
    """Make a home for ansible-test: its cache of downloads, and the user's pip settings."""
    cache = HOME / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    for version in _pip_versions():
        (cache / f"get_pip_{version.replace('.', '_')}.py").write_text(_GET_PIP)
    settings = configparser.RawConfigParser()
    settings["global"] = {key: value.replace("\n", "\n  ") for key, value in sorted(_pip_settings().items())}
    path = HOME / ".config" / "pip" / "pip.conf"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)  # an index URL may hold a password
    with path.open("w") as stream:
        settings.write(stream)


def _path() -> str:
    """A PATH with the Python that .venv is made of in front: ansible-test follows no version manager's shims.

    .venv's own programs, ShellCheck among them, come last.
    """
    base = json.loads((common.VENV / "kumawatch.json").read_text())["base"]
    rest = [entry for entry in os.environ.get("PATH", os.defpath).split(os.pathsep) if "shims" not in Path(entry).parts]
    return os.pathsep.join([str(Path(base).parent), *rest, str(common.VENV / "bin")])


def _installed(namespace: str) -> Path:
    """Where the collections of a namespace are that come with Ansible."""
    import ansible_collections

    return next(found for path in ansible_collections.__path__ if (found := Path(path) / namespace).is_dir())


def sanity(arguments: list[str]) -> int:
    """Run ansible-test sanity with these further arguments; its exit status."""
    _prepare_home()
    env = common.environment()
    env.update(HOME=str(HOME), PATH=_path())
    for name in [name for name in env if name.startswith(("ANSIBLE_", "XDG_", "VIRTUAL_ENV"))]:
        del env[name]
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    argv = [str(common.VENV / "bin" / "ansible-test"), "sanity", "--venv", "--python", version, "--color", "no"]
    # Outside the checkout: ansible-test would ask the git above what is there, and that ignores .cache.
    with tempfile.TemporaryDirectory(prefix="kumawatch-sanity-") as directory:
        copy = collection.copy(Path(directory), extra=("tests/config.yml", "tests/sanity/"))
        # What our modules extend and import.
        (Path(directory) / "ansible_collections" / "amazon").symlink_to(_installed("amazon"))
        return subprocess.run([*argv, *arguments], cwd=copy, env=env, check=False).returncode


if __name__ == "__main__":
    common.main(lambda: sanity(sys.argv[1:]))
