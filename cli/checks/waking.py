"""The hook that wakes workers, as far as can be told without calling it: that would start a machine."""

from __future__ import annotations

import re
import shlex
import socket
import subprocess
from collections.abc import Iterator
from urllib.parse import urlsplit

from cli.catalog import masked
from cli.checks.check import Check, broken, doubtful, fine, note
from playhead.settings import Settings
from playhead.waking.by_command import SHELL

NAME = "waking"
PATIENCE_SECONDS = 5.0
PORTS = {"http": 80, "https": 443}


def check_waking(settings: Settings) -> Iterator[Check]:
    """Its address is reached, or its command can be run; from here, where the API runs."""
    wake = settings.wake
    if wake.url is not None:
        yield _check_url(wake.url)
    elif wake.command is not None:
        yield _check_command(wake.command)
    else:
        remedy = "To have it: set PLAYHEAD_WAKE__URL or PLAYHEAD_WAKE__COMMAND; docs/waking.md."
        yield note(NAME, "no hook: nobody wakes a worker that sleeps", remedy)


def _check_url(url: str) -> Check:
    remedy = "Start what listens there, or correct PLAYHEAD_WAKE__URL. The API must reach it, not only this machine."
    try:
        parts = urlsplit(url)
        place = (parts.hostname or "", parts.port or PORTS[parts.scheme.lower()])
        socket.create_connection(place, PATIENCE_SECONDS).close()
    except (OSError, ValueError) as error:
        # Behind a proxy it may be reached all the same.
        return doubtful(NAME, f"nobody is reached at {masked(url)} ({error})", remedy)
    return fine(NAME, f"somebody listens at {masked(url)}; not called, that would wake a worker")


def _check_command(command: str) -> Check:
    remedy = "Correct PLAYHEAD_WAKE__COMMAND; /bin/sh runs it where the API runs."
    if said := _complaint("-n", "-c", command):
        return broken(NAME, f"the shell does not understand the command: {said}", remedy)
    word = _program(command)
    if word and _complaint("-c", 'command -v -- "$1" > /dev/null || echo missing >&2', "sh", word):
        return broken(NAME, f"there is no program {word!r} here", remedy)
    return fine(NAME, "the command can be run; not run, that would wake a worker")


def _complaint(*arguments: str) -> str:
    """What the shell says that is wrong."""
    ran = subprocess.run(  # noqa: S603 - the operator's own command, only read
        [SHELL, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, errors="replace"
    )
    return " ".join(ran.stderr.split())[:200]


def _program(command: str) -> str | None:
    """The word that names it; None where the shell would have to say which that is."""
    words = [word for word in shlex.split(command, comments=True) if not re.match(r"\w+=", word)]
    return words[0] if words and re.fullmatch(r"[\w./+-]+", words[0]) else None
