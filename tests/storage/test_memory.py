from __future__ import annotations

import os
import subprocess
import sys

SIZE_MIB = 300
BOUND_MIB = 100

# In a process of its own, where nothing else moves the peak.
UPLOAD = """
import asyncio, os, sys
from pathlib import Path
from playhead.storage import Storage

def peak_mib():
    # Not ru_maxrss: Linux lets a program begin with the peak of the process that started it.
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(peak.split()[1]) / 1024

async def chunks(count_mib):
    for number in range(count_mib * 16):
        yield number.to_bytes(8, "big") * 8192

async def main(url, size_mib):
    storage = Storage.from_url(url)
    await storage.put_bytes(b"everything is loaded")
    before = peak_mib()
    blob = await storage.put(chunks(size_mib))
    size = 0
    async for chunk in await storage.read(blob.sha256):
        size += len(chunk)
    assert size == blob.size_bytes == size_mib * 2**20
    print(peak_mib() - before, flush=True)

asyncio.run(main(sys.argv[1], int(sys.argv[2])))
os._exit(0)  # Before 3.14, Python aborts now and then where a native thread still wants it while it ends.
"""


def test_a_large_upload_and_its_reading_stay_in_bounded_memory(storage_url: str) -> None:
    command = [sys.executable, "-c", UPLOAD, storage_url, str(SIZE_MIB)]
    done = subprocess.run(command, env=os.environ.copy(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < BOUND_MIB


def test_the_bound_can_be_broken(folder_url: str) -> None:
    hoarding = UPLOAD.replace("storage.put(chunks(size_mib))", "storage.put_bytes(b'x' * (size_mib * 2**20))")
    command = [sys.executable, "-c", hoarding, folder_url, str(SIZE_MIB)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) > BOUND_MIB
