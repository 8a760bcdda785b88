"""The process that stands between the owners of an embedded server and the server itself.

Run as a file with nothing but the standard library, detached from the terminal: ``python -I -S keeper.py JSON``.
Every owner holds a shared lock on one file. The keeper waits for the exclusive one: the kernel grants it when the last
owner has gone, be it by `stop()` or by SIGKILL, and the server is ended then. So nobody counts, nobody polls, and
nothing is left behind. The server in turn is interrupted by the kernel should the keeper be killed (Linux).
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

PR_SET_PDEATHSIG = 1
# Fast shutdown, then immediate shutdown (recovery at the next start), then the end.
ESCALATION = ((signal.SIGINT, 30), (signal.SIGQUIT, 10), (signal.SIGKILL, 10))


def main() -> None:
    """Keep one server until it ends or nobody owns it any more; exits as the server did."""
    spec = json.loads(sys.argv[1])
    life = _alone_with_the_files(Path(spec["life"]), Path(spec["pid_file"]))
    server = subprocess.Popen(  # noqa: S603 - what our own caller asks for
        spec["command"],
        env=spec["env"],
        cwd="/",
        stdin=subprocess.DEVNULL,
        pass_fds=(life,),
        start_new_session=True,
        preexec_fn=_end_with_parent,  # noqa: PLW1509 - no thread runs yet
        **spec["drop"],
    )
    threading.Thread(target=_end_when_unowned, args=(spec["owners"], server), daemon=True).start()
    os._exit(_as_shell(server.wait()))  # not sys.exit: the thread is blocked in the kernel


def _alone_with_the_files(life: Path, pid_file: Path) -> int:
    """Wait until no process of an earlier server lives, then remove what it left.

    Every process of a server inherits this lock, so the lock proves what a process id cannot: ids are used again,
    and are strangers to each other in two containers.
    """
    handle = os.open(life, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    fcntl.flock(handle, fcntl.LOCK_EX)
    pid_file.unlink(missing_ok=True)
    return handle


def _end_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT)


def _end_when_unowned(owners: str, server: subprocess.Popen[Any]) -> None:
    handle = os.open(owners, os.O_RDWR)
    fcntl.flock(handle, fcntl.LOCK_EX)
    for number, patience_seconds in ESCALATION:
        server.send_signal(number)
        try:
            server.wait(patience_seconds)
        except subprocess.TimeoutExpired:
            continue
        return


def _as_shell(code: int) -> int:
    return 128 - code if code < 0 else code


if __name__ == "__main__":
    main()
