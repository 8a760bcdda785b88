from __future__ import annotations

import signal

_CAUSES = {
    signal.SIGKILL: "killed by SIGKILL: probably out of memory",
    signal.SIGSEGV: "segmentation fault (SIGSEGV)",
    signal.SIGABRT: "aborted by one of its libraries (SIGABRT)",
    signal.SIGBUS: "bus error (SIGBUS): probably no memory or disk space left",
    signal.SIGILL: "illegal instruction (SIGILL): this processor lacks something that the model's library needs",
    signal.SIGFPE: "arithmetic fault (SIGFPE)",
}


def cause_of_death(returncode: int) -> str:
    """In words, why a process with this return code of :mod:`subprocess` ended."""
    if returncode >= 0:
        return f"it ended by itself with exit code {returncode}"
    try:
        number = signal.Signals(-returncode)
    except ValueError:
        return f"killed by signal {-returncode}"
    return _CAUSES.get(number, f"killed by {number.name}")
