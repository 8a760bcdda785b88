"""Text to grammar, in a process of its own."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from playhead.engines import AnnotationStep
from playhead.settings import AnnotationSettings
from worker.engines.annotation.cutting import batches
from worker.engines.annotation.demands import require_annotatable
from worker.engines.annotation.languages import SIMPLEMMA, known_languages, model_for, spoken_as
from worker.engines.annotation.messages import Annotated, Bit, Task
from worker.engines.child import Child

# What a guess is made of: more text makes it no surer.
_GUESS_CHARACTERS = 5_000


class SpacyAnnotator:
    """The real :class:`~playhead.engines.Annotator`. Texts go to the engine bit by bit, so that none waits for long."""

    def __init__(self, settings: AnnotationSettings) -> None:
        self._settings = settings
        self._child = Child("worker.engines.annotation", Annotated, settings)

    def languages(self) -> Sequence[str]:
        """As :meth:`playhead.engines.Annotator.languages`."""
        return known_languages(self._settings.models)

    async def guess(self, text: str) -> str | None:
        """As :meth:`playhead.engines.Annotator.guess`."""
        task = Task(bits=[Bit(text=text[:_GUESS_CHARACTERS])], languages=self._settings.guess_languages)
        async with aclosing(self._child.ask(task)) as answers:
            return (await anext(answers)).language

    async def annotate(self, text: str, language: str) -> AsyncGenerator[AnnotationStep, None]:
        """As :meth:`playhead.engines.Annotator.annotate`."""
        require_annotatable(text, language, self.languages(), self._settings)
        model = model_for(language, self._settings.models)
        name = spoken_as(language, SIMPLEMMA)
        for batch in batches(text):
            parts = [Bit(text=text[start:end], start=start) for start, end in batch]
            async with aclosing(self._child.ask(Task(bits=parts, language=name, model=model))) as answers:
                async for one in answers:
                    yield AnnotationStep(sentences=one.sentences, done=batch[-1][1], model=one.model)

    async def lost(self) -> None:
        """Wait until the engine lives on though it was killed."""
        await self._child.lost()

    async def close(self) -> None:
        """End the engine."""
        await self._child.close()
