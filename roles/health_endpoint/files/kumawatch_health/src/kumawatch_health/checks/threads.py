# Copyright: (c) 2026, the Kumawatch contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls that may hang, each in a thread of its own.

Not in asyncio's pool: calls that hang for good, such as those into a network file system whose server is gone, would
fill it, and name resolution would stop with it. And a program cannot end before the threads of that pool do.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any, TypeVar

Answer = TypeVar("Answer")

_busy: set[str] = set()


async def in_thread(name: str, call: Callable[[], Answer]) -> Answer:
    """What ``call`` returns. While an earlier call of the same name still hangs there is no other.

    :raises TimeoutError: an earlier call still hangs.
    """
    if name in _busy:
        raise TimeoutError
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Answer] = loop.create_future()

    def settle(answer: Any, error: BaseException | None) -> None:
        _busy.discard(name)
        if future.done():  # nobody waits any more
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(answer)

    def work() -> None:
        answer, error = None, None
        try:
            answer = call()
        except Exception as raised:
            error = raised
        try:
            loop.call_soon_threadsafe(settle, answer, error)
        except RuntimeError:  # the loop has ended meanwhile
            pass

    _busy.add(name)
    threading.Thread(target=work, name=name, daemon=True).start()
    return await future
