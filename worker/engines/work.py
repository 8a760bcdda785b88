from __future__ import annotations

import asyncio

from playhead.engines import SpeechInfo, SpeechStep
from playhead.errors import PlayheadError
from worker.engines.lines import Ended, Failed
from worker.engines.messages import Begin, Heard, Reply, Stage, Stepped, Working
from worker.engines.told import told_error

Part = SpeechInfo | SpeechStep


class Work:
    """One recording in an engine's hands, as its worker sees it.

    Attributes:
        stage: what the engine does with it.
        is_begun: whether its present engine has done anything with it.
        has_stepped: whether its present engine, or else its last, has got on with it by a step or more.
        on_trial: whether an engine died or hung with it and others begun, and it made no step since: it may be the
            cause, and goes on in an engine that has begun no other.
        carried: how often it went on in another engine, because its own had ended and it was not to blame.
        bereaved: how often of these its engine had died, rather than been ended.
    """

    def __init__(self, begin: Begin) -> None:
        self.id = begin.id
        self.stage: Stage = "waiting"
        self.is_begun = False
        self.has_stepped = False
        self.on_trial = False
        self.carried = 0
        self.bereaved = 0
        self._begin = begin
        self._parts: asyncio.Queue[Part | PlayheadError | None] = asyncio.Queue()
        self._ended = asyncio.Event()
        self._told = False
        self._tried = asyncio.Event()

    @property
    def begin(self) -> Begin:
        """What to ask of an engine that has not heard of it: all of it, or what is left."""
        return self._begin

    @property
    def is_ended(self) -> bool:
        """Whether nothing more will come."""
        return self._ended.is_set()

    async def next(self) -> Part | None:
        """What comes next; None at the end. Raises the error that it ended with."""
        part = await self._parts.get()
        if isinstance(part, PlayheadError):
            raise part
        return part

    async def ended(self) -> None:
        """Wait until the engine has nothing to do with it any more."""
        await self._ended.wait()

    async def tried(self) -> None:
        """Wait until its engine has got on with it by a step, or has nothing to do with it any more."""
        await self._tried.wait()

    def pick_up(self) -> None:
        """An engine has it in hand, and has done nothing with it yet."""
        self.stage, self.is_begun, self.has_stepped = "waiting", False, False
        self._tried.clear()

    def put_down(self) -> None:
        """The engine has it in hand no more, ended or not."""
        self._tried.set()

    def take(self, reply: Reply) -> None:
        """What the engine says of it."""
        self.is_begun = True
        match reply:
            case Working(stage=stage):
                self.stage = stage
            case Heard(info=info):
                self._heard(info)
            case Stepped(step=step):
                self._stepped(step)
            case Ended():
                self._end(None)
            case Failed(code=code, message=message, field=field):
                self.fail(told_error(code, message, field))

    def fail(self, error: PlayheadError) -> None:
        """End it with ``error``."""
        self._end(error)

    def _heard(self, info: SpeechInfo) -> None:
        """An engine that takes the recording over from another says again what was told already."""
        self._begin = self._begin.model_copy(update={"resume": info})
        if not self._told:
            self._told = True
            self._parts.put_nowait(info)

    def _stepped(self, step: SpeechStep) -> None:
        self.stage, self.has_stepped, self.on_trial = "waiting", True, False
        self._tried.set()
        self._begin = self._begin.model_copy(
            update={"from_seconds": step.done_seconds, "first_id": self._begin.first_id + len(step.segments)}
        )
        self._parts.put_nowait(step)

    def _end(self, error: PlayheadError | None) -> None:
        if not self._ended.is_set():
            self._ended.set()
            self._parts.put_nowait(error)
