"""A hook that is a command, run beside the API."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from dataclasses import dataclass

from playhead.waking.calls import Call
from playhead.waking.errors import HookError

SHELL = "/bin/sh"


@dataclass(frozen=True)
class CommandHook:
    """Has the shell run it, with what there is to know in its environment; status 0 is a worker on its way.

    What it says comes out where the API's log does, and so does what it leaves running behind.
    """

    command: str

    async def __call__(self, call: Call) -> None:
        """Run it to its end; whoever waits no more ends it, with all that it started.

        Raises:
            HookError: it cannot be run, or ended otherwise.
        """
        try:
            process = await asyncio.create_subprocess_exec(
                SHELL,
                "-c",
                self.command,
                env=os.environ | _told(call),
                stdin=asyncio.subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            raise HookError(f"the command cannot be run ({error.strerror})") from error
        try:
            status = await process.wait()
        except asyncio.CancelledError:
            await _kill(process)
            raise
        if status != 0:
            raise HookError(_ending(status))


def _told(call: Call) -> dict[str, str]:
    about = {"QUEUE": call.queue, "WAITING": call.waiting, "OLDEST_AGE_SECONDS": round(call.oldest_age_seconds, 3)}
    return {f"PLAYHEAD_WAKE_{name}": str(value) for name, value in about.items()}


async def _kill(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()


def _ending(status: int) -> str:
    if status < 0:
        return f"the command was ended by {signal.Signals(-status).name}"
    return f"the command ended with status {status}"
