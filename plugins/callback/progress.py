# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell on the terminal how far a long task is.

Ansible forks while the thread of this plugin runs. So the thread takes no lock that a child could need: it writes by
the descriptor, past Python's buffers, and imports nothing.
"""

from __future__ import annotations

DOCUMENTATION = r"""
name: progress
type: notification
short_description: Tells how far a long task is and how long it will take
version_added: 0.2.0
description:
  - CloudWatch takes about three new or changed alarms a second, so that the first task for 5,000 alarms lasts half an
    hour. This callback tells how many are done and how long the rest will take.
  - On a terminal it is one line that changes and disappears when the task ends. Elsewhere it is a line every now and
    then.
  - It goes to standard error, so that standard output stays what other programs may read.
  - The bulk modules for AWS tell it, where they run on the controller.
author:
  - The Kumawatch engineers (@kumawatch)
requirements:
  - Enabled by C(callbacks_enabled = kumawatch.monitoring.progress) in C(ansible.cfg).
options:
  after:
    description: Seconds that a task has to take before it is told of.
    type: float
    default: 5
    env:
      - name: KUMAWATCH_PROGRESS_AFTER
    ini:
      - section: callback_kumawatch_progress
        key: after
  every:
    description: Seconds between two lines where there is no terminal.
    type: float
    default: 10
    env:
      - name: KUMAWATCH_PROGRESS_EVERY
    ini:
      - section: callback_kumawatch_progress
        key: every
"""

import atexit
import contextlib
import os
import sys
import tempfile
import threading
import time
from typing import Any

from ansible.plugins.callback import CallbackBase

from ansible_collections.kumawatch.monitoring.plugins.module_utils._progress import VARIABLE, Listener

_POLL = 0.1
_ERASE = b"\r\x1b[K"


class CallbackModule(CallbackBase):
    """Reads what modules write to a file that the environment names, and shows it."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "kumawatch.monitoring.progress"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._action = ""
        self._path = ""
        self._owner = 0
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def v2_playbook_on_start(self, playbook: Any) -> None:
        """Begin to listen."""
        self._end()
        try:
            descriptor, self._path = tempfile.mkstemp(prefix="kumawatch-progress-")
        except OSError:
            # Without a file nothing is told, and everything else works.
            return
        os.close(descriptor)
        self._owner = os.getpid()
        os.environ[VARIABLE] = self._path
        atexit.register(self._end)
        self._stop.clear()
        settings = float(self.get_option("after")), float(self.get_option("every"))
        self._thread = threading.Thread(target=self._listen, args=settings, daemon=True, name="kumawatch-progress")
        self._thread.start()

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        """Note what is at work."""
        self._action = str(task.action).rpartition(".")[2]

    def v2_playbook_on_handler_task_start(self, task: Any) -> None:
        """Note what is at work."""
        self._action = str(task.action).rpartition(".")[2]

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """End."""
        self._end()

    def _end(self) -> None:
        """Stop listening, and leave nothing behind. Forked children that come by here do nothing."""
        if not self._path or self._owner != os.getpid():
            return
        self._stop.set()
        if self._thread is not None:
            self._thread.join(2)
        if os.environ.get(VARIABLE) == self._path:
            del os.environ[VARIABLE]
        with contextlib.suppress(OSError):
            os.unlink(self._path)
        self._path = ""
        atexit.unregister(self._end)

    # -- in the thread

    def _listen(self, after: float, every: float) -> None:
        """Show what is written to the file until it is over. Whatever goes wrong here is no reason to fail a play."""
        try:
            with _Screen(every) as screen, open(self._path, "rb", buffering=0) as stream:
                listener = Listener()
                rest = b""
                while not self._stop.wait(_POLL):
                    *lines, rest = (rest + stream.read()).split(b"\n")
                    for line in lines:
                        listener.hear(line)
                    text = listener.sentence(self._action) if listener.seconds >= after else ""
                    screen.show(text)
        except Exception:
            pass


class _Screen:
    """Standard error: a line that changes on a terminal, else a line every now and then."""

    def __init__(self, every: float) -> None:
        self._descriptor = sys.stderr.fileno()
        self._terminal = os.isatty(self._descriptor) and sys.stdout.isatty()
        self._every = every
        self._shown = ""
        self._at = -every

    def __enter__(self) -> _Screen:
        return self

    def __exit__(self, *_problem: object) -> None:
        self.show("")

    def show(self, text: str) -> None:
        """Show a text; an empty one takes away what is shown."""
        if self._terminal:
            # A terminal that does not tell its size has none.
            text = text[: (os.get_terminal_size(self._descriptor).columns or 80) - 1]
            if text != self._shown:
                os.write(self._descriptor, _ERASE + text.encode())
        elif text and text != self._shown and time.monotonic() - self._at >= self._every:
            self._at = time.monotonic()
            os.write(self._descriptor, text.encode() + b"\n")
        self._shown = text
