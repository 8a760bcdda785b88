"""Errors that nobody foresaw, in words for users, without paths and addresses of this machine."""

from __future__ import annotations

from playhead.errors import EngineCrashedError

_DEVICE = ("CUDA", "cuBLAS", "cuDNN")


def is_memory_full(error: Exception) -> bool:
    """Whether the machine or the device has no memory left: less at once may succeed."""
    return isinstance(error, MemoryError) or "out of memory" in str(error)


def mishap(error: Exception) -> EngineCrashedError:
    """What to tell of ``error``."""
    if is_memory_full(error):
        return EngineCrashedError("The engine ran out of memory.")
    if any(name in str(error) for name in _DEVICE):
        return EngineCrashedError("The device failed.")
    return EngineCrashedError(f"The engine stumbled over the recording ({type(error).__name__}).")


def leaves_useless(error: Exception) -> bool:
    """Whether this process may be of no more use: what nobody foresaw might happen to each recording after this one.

    Seen when there was no memory left, which the libraries beneath report each in its own way. What the system says
    of a file is of that file alone.
    """
    return not isinstance(error, OSError)
