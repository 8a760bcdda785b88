"""The engine's side: requests in, replies out, one request at a time."""

from __future__ import annotations

import faulthandler
import logging
import os
import queue
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import closing
from typing import BinaryIO, Generic, NoReturn, TypeVar

from pydantic import BaseModel

from playhead.errors import PlayheadError
from worker.engines.child.messages import Ask, Begun, Ready, Replied, to_engine
from worker.engines.lines import EXIT_USELESS, Cancel, Ended, Failed, Message
from worker.engines.speech.lifeline import hold
from worker.engines.speech.mishaps import leaves_useless, mishap

log = logging.getLogger(__name__)

Q = TypeVar("Q", bound=BaseModel)
Handle = Callable[[Q], Generator[BaseModel | None, None, None]]


def serve(request: type[Q], handle: Handle[Q]) -> NoReturn:
    """Serve requests until the pipe that they come from is closed: the last line of an engine's module.

    ``handle`` yields replies; ``None`` says that it is getting on, so that it is not ended as one that hangs. At every
    yield a canceled request is let go of: the generator is closed. Expected errors (of :mod:`worker.engines.told`) end
    the request and reach whoever asked. After any other this process ends too: it may be of no more use.

    The process is given its worker's id and its two pipes as arguments.
    """
    worker_pid, requests_from, replies_to = map(int, sys.argv[1:])
    hold(worker_pid)
    # Native libraries print where they like, and a crash leaves the Python frames that it happened under.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    faulthandler.enable(all_threads=False)
    logging.basicConfig(level=logging.WARNING, format="%(name)s %(message)s")
    _Service(request, handle, replies_to).run(os.fdopen(requests_from, "rb"))


class _Service(Generic[Q]):
    def __init__(self, request: type[Q], handle: Handle[Q], replies_to: int) -> None:
        self._request = request
        self._handle = handle
        self._replies_to = replies_to
        self._asked: queue.SimpleQueue[Ask] = queue.SimpleQueue()
        self._canceled: set[int] = set()

    def run(self, lines: BinaryIO) -> NoReturn:
        threading.Thread(target=self._listen, args=(lines,), name="listen", daemon=True).start()
        self._say(Ready())
        while True:
            self._serve(self._asked.get())

    def _listen(self, lines: BinaryIO) -> None:
        for line in lines:
            message = to_engine.validate_json(line)
            if isinstance(message, Cancel):
                self._canceled.add(message.id)
            else:
                self._asked.put(message)
        # Not sys.exit: the engine may be in the midst of what nobody waits for any more.
        os._exit(0)

    def _serve(self, ask: Ask) -> None:
        try:
            self._answer(ask)
        except PlayheadError as error:
            self._fail(ask, error)
        except Exception as error:
            log.exception("request %d", ask.id)
            self._fail(ask, mishap(error))
            if leaves_useless(error):
                os._exit(EXIT_USELESS)
        else:
            self._say(Ended(id=ask.id))
        finally:
            self._canceled.discard(ask.id)

    def _answer(self, ask: Ask) -> None:
        self._say(Begun(id=ask.id))
        with closing(self._handle(self._request.model_validate(ask.request))) as replies:
            for reply in replies:
                if ask.id in self._canceled:
                    return
                self._say(
                    Begun(id=ask.id) if reply is None else Replied(id=ask.id, reply=reply.model_dump(mode="json"))
                )

    def _fail(self, ask: Ask, error: PlayheadError) -> None:
        self._say(Failed(id=ask.id, code=error.code, message=error.message, field=error.field))

    def _say(self, message: Message) -> None:
        rest = memoryview(message.line())
        while rest:
            rest = rest[os.write(self._replies_to, rest) :]
