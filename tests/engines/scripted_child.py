"""An engine that serves one request at a time and does what that says: a list of a word each, and what it needs.

    ["reply", text]          reply this
    ["pid"]                  reply the process's id
    ["fault"]                reply how many pages of memory that was had and given back are asked for anew
    ["alive"]                say that it is getting on
    ["say", text]            say this, whatever it is
    ["print", text]          print it, as a library would
    ["signal", number]       be hit by a signal
    ["touch", path]          make this file
    ["wait", path]           until something is written to this named pipe
    ["hang"]                 for ever
    ["fail", name]           with the error of this class of playhead.errors
    ["stumble"]              over what nobody foresaw

``SCRIPTED_START=exit`` in the environment has it end at its start, ``hang`` never begin.
"""

from __future__ import annotations

import os
import resource
import sys
import threading
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from playhead import errors
from worker.engines.child.serving import serve


class Script(BaseModel):
    actions: list[list[Any]]


class Said(BaseModel):
    text: str


def handle(script: Script) -> Generator[Said | None, None, None]:
    for word, *needs in script.actions:
        match word:
            case "reply":
                yield Said(text=needs[0])
            case "pid":
                yield Said(text=str(os.getpid()))
            case "fault":
                yield Said(text=str(_faults()))
            case "alive":
                yield None
            case _:
                DO[word](*needs)


def _faults() -> int:
    bytearray(100 * 1024 * 1024)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    bytearray(100 * 1024 * 1024)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def say(text: str) -> None:
    os.write(int(sys.argv[3]), text.encode())


def signal(number: int) -> None:
    os.kill(os.getpid(), number)
    hang()


def hang() -> None:
    threading.Event().wait()


def fail(name: str) -> None:
    error: type[errors.PlayheadError] = getattr(errors, name)
    raise error("As it was told to.", field="params.script")


def stumble() -> None:
    raise ZeroDivisionError


DO: dict[str, Callable[..., object]] = {
    "say": say,
    "print": print,
    "signal": signal,
    "touch": lambda path: Path(path).touch(),
    "wait": lambda path: Path(path).read_bytes(),
    "hang": hang,
    "fail": fail,
    "stumble": stumble,
}

if __name__ == "__main__":
    start = os.environ.get("SCRIPTED_START")
    if start == "exit":
        sys.exit("it was told not to start")
    if start == "hang":
        hang()
    serve(Script, handle)
