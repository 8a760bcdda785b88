"""Begins a part that the sweeper knows of: its supervisor may be killed before it can name it.

Run as a file, with the standard library alone and the sweeper's pipe for its standard input:
``python -I -S announced.py PROGRAM [ARGUMENT]...``. No shell does it: some drop variables of the environment.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys


def main() -> None:
    """Name this process to the sweeper and become the part, which finds nothing on its standard input."""
    with contextlib.suppress(BrokenPipeError):  # Somebody killed the sweeper: the supervisor starts another.
        os.write(0, f"+{os.getpid()}\n".encode())
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them, and what is ignored stays so.
        signal.signal(number, signal.SIG_DFL)
    try:
        os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606 - what our own caller asks for
    except OSError as error:
        print(f"{sys.argv[1]} could not be started: {error.strerror}", file=sys.stderr)  # noqa: T201
        sys.exit(127)  # as a shell says that a program is not there


if __name__ == "__main__":
    main()
