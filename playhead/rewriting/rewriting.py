"""The work itself: windows asked at once, checked, asked again, kept for a later attempt, and put together."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from playhead.errors import AnswerInvalidError, InvalidError, TooLongError
from playhead.kind import Context
from playhead.rewriting.asking import Ask, Asked
from playhead.rewriting.checks import Check, first_of, same_markup, speaks
from playhead.rewriting.judging import complaint, judge
from playhead.rewriting.keeping import Window, digest, kept, state_of
from playhead.rewriting.windows import question, windows

WINDOWS_AT_ONCE = 8
"""Of one job; how many calls are made at once is up to the engine."""
MOST_REFUSALS = 64
"""Of a server that has answered nothing yet."""
TOO_LONG = "it is too long for the model"
"""Why a passage is left that nobody was asked for."""


@dataclass(frozen=True)
class Left:
    """A passage that was left as it was, and what was wrong with its answers."""

    number: int
    reason: str


@dataclass
class Rewritten:
    """What came of it.

    Attributes:
        texts: of all passages, in order.
        left: those of them that could not be had right; the rest was rewritten, or found to need nothing.
        asked: passages that were asked for: those with words in them.
        model: what answered; None if nothing did.
    """

    texts: list[str]
    left: list[Left] = field(default_factory=list)
    asked: int = 0
    windows: int = 0
    model: str | None = None


async def rewrite(ctx: Context, texts: Sequence[str], ask: Ask, check: Check, *, stage: str) -> Rewritten:
    """Have ``texts`` rewritten, from where an earlier attempt left off; telling watchers of each ``window``.

    Passages without a letter or a figure in them are asked of nobody.

    Raises:
        PlayheadError: what ``ask`` raises, but for answers that are of no use and windows that are too long, or that a
            server refuses for their content.
    """
    # Counting the tokens of a long document takes a second: not on the event loop.
    work = await asyncio.to_thread(_Work, ctx, texts, ask, first_of(same_markup, check), stage)
    for window in await kept(ctx, texts):
        work.take(window)
    await work.run()
    return work.done


class _Work:
    def __init__(self, ctx: Context, texts: Sequence[str], ask: Ask, check: Check, stage: str) -> None:
        self._ctx, self._texts, self._ask, self._check, self._stage = ctx, texts, ask, check, stage
        self._of, self._refusals = digest(texts), 0
        self._to_do = dict.fromkeys(number for number, text in enumerate(texts, start=1) if speaks(text))
        self._left = {number: TOO_LONG for number in self._to_do if self._is_long(number)}
        self.done = Rewritten(list(texts), asked=len(self._to_do))
        for number in self._left:
            del self._to_do[number]

    def _is_long(self, number: int) -> bool:
        return self._ask.cost(self._texts[number - 1]) > self._ask.limit

    async def run(self) -> None:
        """Ask for what is not known yet."""
        self._began, self._at_first = time.monotonic(), len(self._to_do)
        await self._tell()
        waiting = await asyncio.to_thread(lambda: deque(windows(self._texts, self._to_do, self._ask)))
        workers = [self._work_off(waiting) for _ in range(min(WINDOWS_AT_ONCE, len(waiting)))]
        failures = [failure for failure in await asyncio.gather(*workers, return_exceptions=True) if failure]
        if failures:
            raise failures[0]
        self.done.left = [Left(number, reason) for number, reason in sorted(self._left.items())]

    async def _work_off(self, waiting: deque[list[int]]) -> None:
        try:
            while waiting:
                await self._window(waiting.popleft())
        except BaseException:
            waiting.clear()  # What others have in flight is paid for, and is still taken.
            raise

    async def _window(self, numbers: list[int]) -> None:
        try:
            window = await self._asked(numbers)
        except (TooLongError, InvalidError) as error:
            self._bear(error)
            if len(numbers) > 1:
                await self._window(numbers[: len(numbers) // 2])
                await self._window(numbers[len(numbers) // 2 :])
                return
            window = Window(of=self._of, left={numbers[0]: error.message})
        self.take(window)
        await self._ctx.checkpoint(state_of(self._of), events={"window": [window.model_dump(mode="json")]})
        await self._tell()

    def _bear(self, error: TooLongError | InvalidError) -> None:
        """A server's filter may refuse one passage among many; what it refuses without end is no fault of passages."""
        if isinstance(error, InvalidError):
            self._refusals += 1
            if error.field or (self.done.model is None and self._refusals >= MOST_REFUSALS):
                raise error

    async def _asked(self, numbers: Sequence[int]) -> Window:
        """Answers to these passages; those refused are asked for again, and left in the end."""
        window = Window(of=self._of, left=dict.fromkeys(numbers, ""))
        for _ in range(self._ask.tries):
            asked = question(self._texts, list(window.left), complaint(window.left))
            try:
                answer = await self._ask.ask(asked)
            except (AnswerInvalidError, TooLongError) as error:
                if isinstance(error, TooLongError) and not window.model:
                    raise
                # No answer is valid: the engine has asked more than once before it says so.
                window.left = dict.fromkeys(window.left, error.message)
                break
            window.model = answer.model
            # Comparing texts takes milliseconds each: not on the event loop.
            good, window.left = await asyncio.to_thread(self._judge, asked.passages, answer)
            window.texts |= good
            if not window.left:
                break
        return window

    def _judge(self, passages: Mapping[int, str], answer: Asked) -> tuple[dict[int, str], dict[int, str]]:
        return judge(passages, answer, self._check, joint=self._ask.joint)

    def take(self, window: Window) -> None:
        """Take in what is known of a window."""
        self.done.windows += 1
        self.done.model = window.model or self.done.model
        for number, text in window.texts.items():
            if number in self._to_do:
                self.done.texts[number - 1] = text
                del self._to_do[number]
        self._left |= window.left
        for number in window.left:
            self._to_do.pop(number, None)

    async def _tell(self) -> None:
        done, now = self._at_first - len(self._to_do), time.monotonic()
        eta_seconds = (now - self._began) * len(self._to_do) / done if done else None
        fraction = 1 - len(self._to_do) / self.done.asked if self.done.asked else 1.0
        await self._ctx.progress(fraction, stage=self._stage, eta_seconds=eta_seconds)
