"""The annotation engine's process: see :mod:`worker.engines.child`."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

from worker.engines.annotation.messages import Annotated, Task
from worker.engines.child.serving import serve


def handle(task: Task) -> Generator[Annotated, None, None]:
    """Annotate bits of a text, or guess its language."""
    if task.model:
        from worker.engines.annotation import by_spacy

        sentences = by_spacy.annotate(task.bits, task.model)
        yield Annotated(sentences=sentences, model=Path(task.model).name)
        return

    from worker.engines.annotation import by_simplemma

    if task.language:
        sentences = by_simplemma.annotate(task.bits, task.language)
        yield Annotated(sentences=sentences, model=by_simplemma.NAME)
    else:
        yield Annotated(language=by_simplemma.guess(task.bits[0].text, task.languages))


if __name__ == "__main__":
    serve(Task, handle)
