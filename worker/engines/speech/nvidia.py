from __future__ import annotations

import ctypes
import os


class _Memory(ctypes.Structure):
    """``nvmlMemory_t``."""

    _fields_ = (("total", ctypes.c_ulonglong), ("free", ctypes.c_ulonglong), ("used", ctypes.c_ulonglong))


def free_bytes() -> int | None:
    """Free memory of the first GPU that this process may use, as the driver says (NVML); None where it says nothing."""
    try:
        nvml = ctypes.CDLL("libnvidia-ml.so.1")
    except OSError:
        return None
    device, memory = ctypes.c_void_p(), _Memory()
    failed = nvml.nvmlInit_v2() or _find(nvml, device) or nvml.nvmlDeviceGetMemoryInfo(device, ctypes.byref(memory))
    return None if failed else int(memory.free)


def _find(nvml: ctypes.CDLL, device: ctypes.c_void_p) -> int:
    """NVML knows nothing of ``CUDA_VISIBLE_DEVICES``, which names devices by number or by identity."""
    first = os.environ.get("CUDA_VISIBLE_DEVICES", "0").split(",")[0].strip() or "0"
    if first.isdigit():
        return int(nvml.nvmlDeviceGetHandleByIndex_v2(int(first), ctypes.byref(device)))
    return int(nvml.nvmlDeviceGetHandleByUUID(first.encode(), ctypes.byref(device)))
