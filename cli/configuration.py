"""The settings as the environment gives them, with errors that name the variable."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

import typer
from pydantic import ValidationError
from pydantic_settings import SettingsError

from cli.catalog import PREFIX, unknown
from cli.failure import USAGE, CommandError, warn
from playhead.settings import Settings, WorkerSettings

PAGE = "docs/settings.md lists every setting; `playhead doctor` shows those in force."


def load() -> Settings:
    """The settings in force.

    Raises:
        CommandError: a variable holds what its setting cannot take.
    """
    try:
        return Settings()
    except ValidationError as error:
        raise CommandError("; ".join(_told(error)), remedy=PAGE, exit_code=USAGE) from None
    except SettingsError as error:
        raise CommandError(_unparsed(error), remedy=PAGE, exit_code=USAGE) from None


def load_for_service() -> Settings:
    """The settings in force, for what runs long: variables that nothing reads are named first, own kinds are loaded.

    Raises:
        CommandError: as :func:`load` says; or a kind cannot be loaded.
    """
    for name, nearest in unknown(os.environ):
        warn(f"Warning: {name} is no setting of Playhead{f'; did you mean {nearest}?' if nearest else '.'}")
    settings = load()
    if settings.kinds_dir is not None:
        _add_kinds(settings.kinds_dir)
    return settings


def _add_kinds(folder: Path) -> None:
    from playhead.registry import add_folder

    try:
        add_folder(folder)
    except ValueError as error:
        raise CommandError(
            f"PLAYHEAD_KINDS_DIR: {error}.", remedy="docs/own-kinds.md says what such a file holds.", exit_code=USAGE
        ) from error


def require_work(wanted: WorkerSettings, options: Collection[str] = ()) -> None:
    """Refuse to begin with a worker that could never take a job.

    Args:
        wanted: what it is to take.
        options: those of its fields that an option gave, for the error; a setting gave the others.

    Raises:
        typer.BadParameter: naming the option or the setting.
    """
    from playhead.errors import InvalidError
    from worker import serving

    try:
        serving.require_work(wanted)
    except InvalidError as error:
        named = f"--{error.field}" if error.field in options else f"{PREFIX}WORKER__{str(error.field).upper()}"
        raise typer.BadParameter(error.message, param_hint=named) from None


def require_database(settings: Settings) -> None:
    """Refuse to begin without the address of a database, where none is brought along.

    Raises:
        CommandError: none is set.
    """
    if not settings.database_url:
        raise CommandError(
            "PLAYHEAD_DATABASE_URL is not set.",
            remedy="Name a server, postgresql://user:password@host/name, or let `playhead up` bring one.",
        )


def _told(error: ValidationError) -> list[str]:
    return [f"{PREFIX}{'__'.join(str(part) for part in item['loc']).upper()}: {item['msg']}" for item in error.errors()]


def _unparsed(error: SettingsError) -> str:
    # It names the field: `error parsing value for field "worker" from source "EnvSettingsSource"`.
    hint = '. Lists are written as ["gpu", "cpu"], tables as {"gpu": 4}' if "parsing" in str(error) else ""
    return f"A setting cannot be read: {error}{hint}"
