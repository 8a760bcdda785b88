"""The engine's process. Started by its worker with the two pipes between them, never by hand."""

from __future__ import annotations

import faulthandler
import logging
import os
import sys
import threading
from typing import BinaryIO

from worker.engines.lines import Cancel
from worker.engines.messages import Begin, Configure, requests
from worker.engines.speech.device import Device
from worker.engines.speech.lifeline import hold
from worker.engines.speech.line import Line
from worker.engines.speech.models import Models
from worker.engines.speech.replies import Replies
from worker.engines.speech.roll import Roll
from worker.engines.speech.scheduler import Scheduler


def main(worker_pid: int, requests_from: int, replies_to: int) -> None:
    """Serve requests until the pipe that they come from is closed."""
    hold(worker_pid)
    # Native libraries print where they like, and a crash leaves the Python frames that it happened under.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    faulthandler.enable(all_threads=False)
    logging.basicConfig(level=logging.WARNING, format="%(name)s %(message)s")
    lines = os.fdopen(requests_from, "rb")
    configure = requests.validate_json(lines.readline())
    if isinstance(configure, Configure):
        _serve(configure, lines, Replies(replies_to))


def _serve(configure: Configure, lines: BinaryIO, replies: Replies) -> None:
    settings, models, roll = configure.settings, Models(configure.settings, configure.measured), Roll(replies)
    line = Line(models)
    scheduler = Scheduler(settings, models, line, roll, replies)
    threading.Thread(target=_listen, args=(lines, scheduler), name="listen", daemon=True).start()
    Device(settings, models, line, roll, scheduler, replies).run()


def _listen(lines: BinaryIO, scheduler: Scheduler) -> None:
    """Hand requests on; the end of the pipe is the end of the worker, or its wish that this process ends."""
    for line in lines:
        request = requests.validate_json(line)
        if isinstance(request, Begin):
            scheduler.begin(request)
        elif isinstance(request, Cancel):
            scheduler.cancel(request.id)
    # Not sys.exit: the device may be in the midst of a step that nobody waits for any more.
    os._exit(0)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
