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
    exit_when_idle: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS",
            help="End after so long with nothing to do. Default: PLAYHEAD_WORKER__EXIT_WHEN_IDLE_SECONDS, or never.",
        ),
    ] = None,
) -> None:
    """Do jobs until SIGTERM or Ctrl-C, or with --exit-when-idle until there are none.

    Unfinished ones are given back then. It needs PLAYHEAD_DATABASE_URL. The number of jobs in flight does not multiply
    models: a device has one owner.

    Example: playhead worker --queues gpu,cpu --concurrency gpu=2

    Example: playhead worker --queues gpu --exit-when-idle 600
    """
    from cli.configuration import load_for_service, require_database, require_work
    from playhead.observability import configure_logging
    from worker.main import serve

    if exit_when_idle is not None and not exit_when_idle > 0:
        raise typer.BadParameter("it is a number of seconds, more than 0", param_hint="--exit-when-idle")
    settings = load_for_service()
    told = settings.worker
    wanted = {
        "queues": told.queues if queues is None else parse_names(queues),
        "kinds": told.kinds if kinds is None else parse_names(kinds),
        "concurrency": {**told.concurrency, **parse_concurrency(concurrency or "")},
        "exit_when_idle_seconds": told.exit_when_idle_seconds if exit_when_idle is None else exit_when_idle,
    }
    settings = settings.model_copy(update={"worker": told.model_copy(update=wanted)})
    given = {"queues": queues, "kinds": kinds}
    require_work(settings.worker, options=[name for name, text in given.items() if text is not None])
    require_database(settings)
    configure_logging(settings)
    serve(settings)


def parse_names(text: str) -> list[str]:
    """`gpu,cpu` as a list."""
    return [name.strip() for name in text.split(",") if name.strip()]


def parse_concurrency(text: str) -> dict[str, int]:
    """`gpu=4,llm=8` as a dictionary.

    Raises:
        typer.BadParameter: it is not of this form, or there is no such queue.
    """
    from playhead.kind import QUEUES

    counts: dict[str, int] = {}
    for item in filter(None, (part.strip() for part in text.split(","))):
        name, equals, count = (part.strip() for part in item.partition("="))
        if not (equals and count.isdecimal() and int(count) > 0):
            raise typer.BadParameter(f"{item!r} is not like gpu=4", param_hint="--concurrency")
        if name not in QUEUES:
            told = ", ".join(QUEUES)
            raise typer.BadParameter(f"there is no queue {name!r}: there are {told}", param_hint="--concurrency")
        counts[name] = int(count)
    return counts
