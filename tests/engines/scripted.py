"""An engine without a model that does what the recording says: ``python -m tests.engines.scripted``, as a worker does.

A recording is a JSON list of what happens in turn, each a list of a word and what it needs:

    ["working", stage]       say what is being done
    ["heard"]                say what is known of the recording
    ["step", seconds]        a step with one segment up to here, unless the recording was taken up from there or later
    ["say", text]            say this, whatever it is
    ["print", times, text]   print to stderr
    ["grow", bytes]          hold more memory
    ["wait", path]           until something is written to this named pipe
    ["signal", number]       be hit by a signal, and do nothing more
    ["exit", code]           end
    ["leave", path]          leave a process behind that holds stderr, and write its id to this file
    ["deaf"]                 hear of no cancellation from now on
    ["hang"]                 for ever
    ["once", path, [...]...] make this file and do these in turn, unless it is there already
    ["stay", path]           for ever once this engine has made a step with the recording, unless this file is there

``SCRIPTED_START`` in the environment is one of these, for an engine that is just started.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from playhead.engines import SpeechInfo, SpeechOptions, SpeechStep
from playhead.transcript import Segment
from worker.engines.lines import Cancel
from worker.engines.messages import Begin, Stage, requests
from worker.engines.speech.lifeline import hold
from worker.engines.speech.replies import Replies

INFO = SpeechInfo(language="en", language_probability=1, duration_seconds=100, model="scripted")
FIGURES = {"avg_logprob": 0.0, "no_speech_prob": 0.0, "compression_ratio": 0.0, "temperature": 0.0}


class Engine:
    def __init__(self, replies_to: int) -> None:
        self.replies = Replies(replies_to)
        self.descriptor = replies_to
        self.held: list[bytearray] = []
        self.next_ids: dict[int, int] = {}
        self.stepped: set[int] = set()
        self.deaf = False

    def serve(self, begin: Begin) -> None:
        script: list[list[Any]] = json.loads(Path(begin.recording).read_text())
        self.next_id = begin.first_id
        self.next_ids[begin.id] = begin.first_id
        for action in script:
            self.do(begin, *action)
        self.replies.ended(begin.id)

    def do(self, begin: Begin, word: str, *needs: Any) -> None:
        getattr(self, f"on_{word}")(begin, *needs)

    def on_working(self, begin: Begin, stage: Stage) -> None:
        self.replies.working(begin.id, stage)

    def on_heard(self, begin: Begin) -> None:
        self.replies.heard(begin.id, begin.resume or INFO)

    def on_step(self, begin: Begin, seconds: float) -> None:
        if seconds <= begin.from_seconds:
            return
        number, text = self.next_ids[begin.id], f"until {seconds:g}"
        self.next_ids[begin.id] += 1
        self.stepped.add(begin.id)
        segment = Segment(id=number, start=0, end=seconds, text=text, **FIGURES)
        self.replies.stepped(begin.id, SpeechStep(segments=[segment], done_seconds=seconds))

    def on_say(self, _: Begin, text: str) -> None:
        os.write(self.descriptor, text.encode())

    def on_print(self, _: Begin, times: int, text: str) -> None:
        sys.stderr.write(text * times)
        sys.stderr.flush()

    def on_grow(self, _: Begin, count: int) -> None:
        self.held.append(bytearray(b"x") * count)

    def on_wait(self, _: Begin, path: str) -> None:
        Path(path).read_bytes()

    def on_signal(self, begin: Begin, number: int) -> None:
        os.kill(os.getpid(), number)
        self.on_hang(begin)  # It may hit another thread, a moment later.

    def on_exit(self, _: Begin, code: int) -> None:
        os._exit(code)

    def on_leave(self, _: Begin, path: str) -> None:
        left = subprocess.Popen(["sleep", "60"])  # noqa: S607 - wherever the system has it
        Path(path).write_text(str(left.pid))

    def on_deaf(self, _: Begin) -> None:
        self.deaf = True

    def on_hang(self, _: Begin) -> None:
        threading.Event().wait()

    def on_once(self, begin: Begin, path: str, *actions: list[Any]) -> None:
        if not Path(path).exists():
            Path(path).touch()
            for action in actions:
                self.do(begin, *action)

    def on_stay(self, begin: Begin, path: str) -> None:
        if begin.id in self.stepped and not Path(path).exists():
            self.on_hang(begin)


def main(worker_pid: int, requests_from: int, replies_to: int) -> None:
    hold(worker_pid)
    engine = Engine(replies_to)
    with os.fdopen(requests_from, "rb") as lines:
        if start := os.environ.get("SCRIPTED_START"):
            engine.do(Begin(id=0, recording="", options=SpeechOptions()), *json.loads(start))
        for line in lines:
            request = requests.validate_json(line)
            if isinstance(request, Begin):
                threading.Thread(target=engine.serve, args=(request,), daemon=True).start()
            elif isinstance(request, Cancel) and not engine.deaf:
                engine.replies.ended(request.id)
    os._exit(0)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
