# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Paths, the environment and the logged steps that all tools share.

Standard library only and Python 3.8 syntax: it also runs before the virtual environment exists.
"""

from __future__ import annotations

import os
import re
import selectors
import signal
import subprocess
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import Callable, Dict, List, Optional, Sequence

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
CACHE = ROOT / ".cache"
LOGS = CACHE / "logs"
LAB = ROOT / ".lab"

# On a pipe, a step that takes long says every so many seconds that it lives.
_HEARTBEAT = 20.0
_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")

# Who holds it prints; what is printed under one hold stays together when steps run side by side.
printing = threading.RLock()
_lines: "List[_Line]" = []  # of the steps under way
_interrupted = threading.Event()  # by Ctrl-C, which only the main thread hears of


class Failure(Exception):
    """One sentence for the reader, who gets no traceback."""


def required() -> bool:
    """Whether what cannot run has failed: in continuous integration nothing may slip by unrun."""
    return os.environ.get("KUMAWATCH_REQUIRE_ALL", "") not in ("", "0")


def say(line: str = "") -> None:
    """Print one line at once, also into a pipe."""
    with printing:
        if any(step.terminal for step in _lines):
            sys.stdout.write("\r\x1b[K")
        print(line, flush=True)


def elapsed(seconds: float) -> str:
    """Seconds as a reader wants them: 0.4 s, 41 s, 2 min 5 s."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{int(seconds) // 60} min {int(seconds) % 60} s"


def environment() -> Dict[str, str]:
    """The environment of what we start: the virtual environment first, a UTF-8 locale, this checkout's ansible.cfg.

    ansible.cfg is named because Ansible ignores the one it finds by itself in a world-writable directory. What Python
    has compiled is kept, and outside the tree, whatever the shell says: a playbook starts a process for each task, and
    without that each of them compiles all of boto3 again.
    """
    env = {
        key: value
        for key, value in os.environ.items()
        if key not in ("PYTHONHOME", "PYTHONPATH", "__PYVENV_LAUNCHER__", "PYTHONDONTWRITEBYTECODE")
    }
    env["PYTHONPYCACHEPREFIX"] = str(CACHE / "pycache")
    env["PATH"] = os.pathsep.join([str(VENV / "bin"), env.get("PATH", os.defpath)])
    env["VIRTUAL_ENV"] = str(VENV)
    env["PYTHONUNBUFFERED"] = "1"
    env.setdefault("ANSIBLE_CONFIG", str(ROOT / "ansible.cfg"))
    locale = env.get("LC_ALL") or env.get("LC_CTYPE") or env.get("LANG") or ""
    if "utf" not in locale.lower():
        env["LC_ALL"] = "C.UTF-8"
    return env


class _Line:
    """The line that tells how a step is getting on: rewritten on a terminal, now and then repeated elsewhere.

    Steps that run side by side share the terminal's line.
    """

    def __init__(self, label: str) -> None:
        self.label = label
        self.started = time.monotonic()
        self.said = self.started
        self.terminal = sys.stdout.isatty()
        self.activity = ""
        with printing:
            _lines.append(self)
        if self.terminal:
            self.update("")

    def seconds(self) -> float:
        return time.monotonic() - self.started

    def text(self) -> str:
        return f"{self.label}  {elapsed(self.seconds())}  {self.activity}".rstrip()

    def update(self, activity: str) -> None:
        self.activity = activity
        if self.terminal:
            try:
                width = os.get_terminal_size().columns
            except OSError:
                width = 80
            with printing:
                share = max(20, (width - 1) // len(_lines) - 4)
                texts = [line.text() for line in _lines]
                shown = " │ ".join(text[: share - 1] + "…" if len(text) > share else text for text in texts)
                sys.stdout.write("\r\x1b[K  … " + shown)
                sys.stdout.flush()
        elif time.monotonic() - self.said >= _HEARTBEAT:
            self.said = time.monotonic()
            say(f"  … {self.text()}")

    def close(self) -> None:
        """Take it off the terminal."""
        with printing:
            _lines.remove(self)
            if self.terminal:
                sys.stdout.write("\r\x1b[K")
                sys.stdout.flush()


def _tell_end(line: _Line, outcome: str, detail: str = "") -> None:
    say(f"  {outcome:<7} {line.label}  {elapsed(line.seconds())}{'  ' + detail if detail else ''}")


def _wait_or_kill(child: "subprocess.Popen[bytes]") -> None:
    for stop in (child.terminate, child.kill):
        try:
            child.wait(timeout=60)
            return
        except subprocess.TimeoutExpired:
            stop()
    child.wait()


def _heed_interrupts() -> None:
    """Have commands hear Ctrl-C: started in the background by a shell, we ignore it, and they would inherit that."""
    if threading.current_thread() is not threading.main_thread():
        return  # side_by_side did it for its threads: only the main one can
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def run_logged(
    label: str,
    argv: Sequence[str],
    log: Path,
    env: Optional[Dict[str, str]] = None,
    cwd: Optional[Path] = None,
    activity: Callable[[str], str] = lambda line: line,
    quiet: bool = False,
    append: bool = False,
    limit: float = 0,
) -> int:
    """Run a command into a log file, show one condensed line meanwhile, and return its exit status.

    label: what the reader sees. activity: makes of an output line what to show of it ("" shows nothing new).
    quiet: print no closing line (the caller has a better one). limit: seconds after which the command is stopped, as if
    by Ctrl-C so that it can tidy up; 0 for none.
    """
    if _interrupted.is_set():
        raise KeyboardInterrupt
    log.parent.mkdir(parents=True, exist_ok=True)
    line = _Line(label)
    now = ""
    _heed_interrupts()
    with log.open("ab" if append else "wb") as sink:
        sink.write(("$ " + " ".join(argv) + "\n").encode())
        sink.flush()
        try:
            child = subprocess.Popen(
                list(argv),
                cwd=str(cwd or ROOT),
                env=env if env is not None else environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                close_fds=False,  # an inheritable lock stays held until the child ends, even if we are killed
            )
        except OSError as error:
            sink.write(f"{error}\n".encode())
            line.close()
            _tell_end(line, "FAILED", str(error))
            return 127
        assert child.stdout is not None
        fd = child.stdout.fileno()
        selector = selectors.DefaultSelector()
        selector.register(fd, selectors.EVENT_READ)
        rest = b""
        stopped = False
        try:
            while True:
                if _interrupted.is_set():
                    raise KeyboardInterrupt
                if selector.select(timeout=0.5):
                    data = os.read(fd, 65536)
                    if not data:
                        break
                    sink.write(data)
                    sink.flush()
                    *lines, rest = (rest + data).split(b"\n")
                    for raw in lines:
                        seen = activity(_ANSI.sub("", raw.decode(errors="replace")).strip())
                        now = seen or now
                elif child.poll() is not None:
                    break  # ended, and only a daemon that it left behind still holds the pipe
                line.update(now)
                if limit and line.seconds() > limit:
                    sink.write(f"\nstopped: it took longer than {elapsed(limit)}\n".encode())
                    child.send_signal(signal.SIGINT)
                    _wait_or_kill(child)
                    stopped = True
                    break
            status = child.wait() or int(stopped)
        except BaseException:
            # Ctrl-C reached the child as well: it gets the time to tidy up.
            _wait_or_kill(child)
            raise
        finally:
            line.close()
            selector.close()
            child.stdout.close()
    if not quiet:
        _tell_end(line, "ok" if status == 0 else "FAILED")
    return status


def wait_for(label: str, condition: Callable[[], bool]) -> None:
    """Wait until something is so, and show that."""
    line = _Line(label)
    try:
        while not condition():
            if _interrupted.is_set():
                raise KeyboardInterrupt
            line.update("")
            time.sleep(0.5)
    finally:
        line.close()


def side_by_side(jobs: Sequence[Callable[[], None]]) -> None:
    """Run jobs at the same time, each to its end whatever becomes of the others; a single one as if it were called.

    Ctrl-C stops what they run and is raised when all have ended. An error of a job is raised when all have ended.
    """
    if len(jobs) == 1:
        jobs[0]()
        return
    _heed_interrupts()
    errors: List[BaseException] = []

    def run(job: Callable[[], None]) -> None:
        try:
            job()
        except BaseException as error:
            errors.append(error)

    # Daemons, so that a second Ctrl-C ends us at once.
    threads = [threading.Thread(target=run, args=(job,), daemon=True) for job in jobs]
    try:
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            time.sleep(0.1)
    except KeyboardInterrupt:
        _interrupted.set()
        for thread in threads:
            thread.join()
        _interrupted.clear()
        raise
    for error in errors[1:]:
        traceback.print_exception(type(error), error, error.__traceback__)
    if errors:
        raise errors[0]


def relative(path: Path) -> str:
    """A path as the reader types it, from the checkout."""
    try:
        return str(path.relative_to(ROOT))
    except ValueError:
        return str(path)


def show_log(log: Path, lines: int = 0, hide: str = "") -> None:
    """Print a log, or its last so many lines, without those that match the regular expression to hide."""
    content = [line for line in log.read_text(errors="replace").splitlines() if not (hide and re.search(hide, line))]
    with printing:
        if lines and len(content) > lines:
            say(f"    … {len(content) - lines} lines before these are in {relative(log)}")
            content = content[-lines:]
        for text in content:
            say(f"    {text}")


def main(body: Callable[[], int]) -> None:
    """Run a tool: a Failure is printed as its sentence, Ctrl-C as a word."""
    try:
        status = body()
    except Failure as failure:
        print(f"error: {failure}", file=sys.stderr, flush=True)
        status = 1
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr, flush=True)
        status = 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        status = 1
    sys.exit(status)
