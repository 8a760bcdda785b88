"""`playhead worker`: a worker alone."""

from __future__ import annotations

from typing import Annotated

import typer


def worker(
    queues: Annotated[
        str | None, typer.Option(help="Queues to take jobs from, e.g. `gpu,cpu`. Default: PLAYHEAD_WORKER__QUEUES.")
    ] = None,
    kinds: Annotated[
        str | None, typer.Option(help="Kinds of jobs to take, e.g. `convert,speak`. Default: all of these queues.")
    ] = None,
    concurrency: Annotated[
        str | None,
        typer.Option(help="Jobs in flight per queue, e.g. `gpu=4,llm=8`. Default: PLAYHEAD_WORKER__CONCURRENCY."),
    ] = None,
) -> None:
    """Do jobs until SIGTERM or Ctrl-C.

    Unfinished ones are given back then. It needs PLAYHEAD_DATABASE_URL. The number of jobs in flight does not multiply
    models: a device has one owner.

    Example: playhead worker --queues gpu,cpu --concurrency gpu=2
    """
    chosen = parse_queues(queues) if queues is not None else None
    only = parse_kinds(kinds) if kinds is not None else None
    counts = parse_concurrency(concurrency) if concurrency is not None else {}

    from cli.configuration import load_with_database
    from playhead.observability import configure_logging
    from worker.main import serve

    settings = load_with_database()
    configure_logging(settings)
    told = settings.worker
    wanted = {
        "queues": chosen or told.queues,
        "kinds": only or told.kinds,
        "concurrency": {**told.concurrency, **counts},
    }
    settings = settings.model_copy(update={"worker": told.model_copy(update=wanted)})
    serve(settings)


def parse_queues(text: str) -> list[str]:
    """`gpu,cpu` as a list.

    Raises:
        typer.BadParameter: there is no such queue.
    """
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise typer.BadParameter("it names no queue", param_hint="--queues")
    for name in names:
        _check_queue(name, "--queues")
    return names


def parse_kinds(text: str) -> list[str]:
    """`convert,speak` as a list.

    Raises:
        typer.BadParameter: there is no such kind.
    """
    from playhead.registry import kinds

    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names or [""]:
        if name not in kinds():
            told = ", ".join(kinds())
            raise typer.BadParameter(f"there is no kind {name!r}: there are {told}", param_hint="--kinds")
    return names


def parse_concurrency(text: str) -> dict[str, int]:
    """`gpu=4,llm=8` as a dictionary.

    Raises:
        typer.BadParameter: it is not of this form, or there is no such queue.
    """
    counts = {}
    for item in filter(None, (part.strip() for part in text.split(","))):
        name, equals, count = (part.strip() for part in item.partition("="))
        if not (equals and count.isdecimal() and int(count) > 0):
            raise typer.BadParameter(f"{item!r} is not like gpu=4", param_hint="--concurrency")
        _check_queue(name, "--concurrency")
        counts[name] = int(count)
    return counts


def _check_queue(name: str, option: str) -> None:
    from playhead.kind import QUEUES

    if name not in QUEUES:
        raise typer.BadParameter(f"there is no queue {name!r}: choose of {', '.join(QUEUES)}", param_hint=option)
