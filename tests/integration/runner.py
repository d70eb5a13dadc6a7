# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run modules as Ansible does, each in a process of its own, without paying for its imports each time.

A process that has imported what modules need waits on a socket and forks for each run. What is run is the module's file
as ``__main__``, with its arguments where Ansible puts them; what comes back is its standard output, its standard error
and its status.

Protocol: one connection a run; one JSON object each way.
"""

from __future__ import annotations

import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any

MODULES = "ansible_collections.kumawatch.monitoring.plugins.modules"


class Runner:
    """The client's side. Start one for a test session."""

    def __init__(self, root: Path) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="kumawatch-runner-")
        self._address = str(Path(self._directory.name) / "socket")
        # No run reaches a server or an account that the test did not name.
        foreign = ("KUMAWATCH_KUMA_", "AWS_", "BOTO_")
        environment = {key: value for key, value in os.environ.items() if not key.startswith(foreign)}
        environment["AWS_CONFIG_FILE"] = environment["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
        environment["AWS_EC2_METADATA_DISABLED"] = "true"
        environment["PYTHONPATH"] = str(root / "collections")
        self._process = subprocess.Popen(
            [sys.executable, __file__, self._address],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=root,
            env=environment,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"ready\n"

    def run(self, name: str, arguments: dict[str, Any], env: dict[str, str] | None = None) -> tuple[str, str, int]:
        """Run a module; returns what it wrote to both outputs, and its status."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(300)
            connection.connect(self._address)
            request = {"name": name, "arguments": arguments, "env": env or {}}
            connection.sendall(json.dumps(request).encode())
            connection.shutdown(socket.SHUT_WR)
            answer = json.loads(_read(connection))
        return answer["stdout"], answer["stderr"], answer["status"]

    def close(self) -> None:
        """End it; a run under way ends by itself."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._directory.cleanup()


def _read(connection: socket.socket) -> bytes:
    chunks = []
    while chunk := connection.recv(1 << 16):
        chunks.append(chunk)
    return b"".join(chunks)


def _module(request: dict[str, Any], stdout: int, stderr: int) -> int:
    """In a process of its own: become the module."""
    from ansible.module_utils.testing import patch_module_args

    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(stdout, 1)
    os.dup2(stderr, 2)
    os.environ.update(request["env"])
    status = 0
    try:
        with patch_module_args(request["arguments"]):
            runpy.run_module(f"{MODULES}.{request['name']}", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    return status


def _serve(connection: socket.socket) -> None:
    """In a process of its own: one request."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    request = json.loads(_read(connection))
    with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        child = os.fork()
        if child == 0:
            os._exit(_module(request, stdout.fileno(), stderr.fileno()))
        _pid, status = os.waitpid(child, 0)
        texts = []
        for file in (stdout, stderr):
            file.seek(0)
            texts.append(file.read().decode(errors="replace"))
    answer = {"stdout": texts[0], "stderr": texts[1], "status": os.waitstatus_to_exitcode(status)}
    connection.sendall(json.dumps(answer).encode())
    connection.close()


def main(address: str) -> None:
    """The server's side, until standard input ends."""
    # What nearly every module imports.
    import ansible.module_utils.basic
    import ansible.module_utils.testing  # noqa: F401

    import ansible_collections.amazon.aws.plugins.module_utils.modules
    import ansible_collections.kumawatch.monitoring.plugins.module_utils._aws.bulk
    import ansible_collections.kumawatch.monitoring.plugins.module_utils._kuma.bulk  # noqa: F401

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those that serve a request
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen(64)
        print("ready", flush=True)
        while True:
            readable, _, _ = select.select([listener, sys.stdin], [], [])
            if sys.stdin in readable:
                return
            connection, _peer = listener.accept()
            if os.fork() == 0:
                status = 1
                try:
                    listener.close()
                    _serve(connection)
                    status = 0
                finally:
                    os._exit(status)
            connection.close()


if __name__ == "__main__":
    main(sys.argv[1])
