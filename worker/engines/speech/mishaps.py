"""Errors that nobody foresaw, in words for users, without paths and addresses of this machine."""

from __future__ import annotations

from playhead.errors import EngineCrashedError

_DEVICE = ("CUDA", "cuBLAS", "cuDNN")


def mishap(error: Exception) -> EngineCrashedError:
    """What to tell of ``error``."""
    if isinstance(error, MemoryError) or "out of memory" in str(error):
        return EngineCrashedError("The engine ran out of memory.")
    if is_device_lost(error):
        return EngineCrashedError("The device failed.")
    return EngineCrashedError(f"The engine stumbled over the recording ({type(error).__name__}).")


def is_device_lost(error: Exception) -> bool:
    """Whether the device is of no more use to this process."""
    return any(name in str(error) for name in _DEVICE)
