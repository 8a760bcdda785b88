"""SeaweedFS, the program behind the S3 server of the tests."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import pytest
from obstore.exceptions import BaseError
from obstore.store import S3Store

from local.ports import free_ports

# Of this process alone: should another's server get a port of ours, it refuses us.
CREDENTIALS = {"accessKey": "playhead", "secretKey": secrets.token_hex()}
BUCKET = "playhead"
PORTS = tuple(f"{part}.{kind}" for part in ("master", "volume", "filer", "s3") for kind in ("port", "port.grpc"))
STARTS = 3
START_SECONDS = 60


@contextmanager
def weed(folder: Path) -> Iterator[dict[str, int]]:
    """One that takes what is put there; its ports.

    Until it has them another may take one: then it exits, and is started anew with others.
    """
    for number in range(STARTS):
        home = folder / str(number)
        ports = dict(zip(PORTS, free_ports("127.0.0.1", len(PORTS)), strict=True))
        home.mkdir()
        with (folder / "log").open("ab") as log, started(home, ports, log) as process:
            if takes_objects(process, ports["s3.port"]):
                yield ports
                return
    pytest.fail(f"weed did not start:\n{(folder / 'log').read_text()[-2000:]}")


@contextmanager
def started(home: Path, ports: dict[str, int], log: BinaryIO) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(command(home, ports), stdout=log, stderr=log) as process:
        try:
            yield process
        finally:
            process.kill()


def command(home: Path, ports: dict[str, int]) -> list[str]:
    program = shutil.which("weed", path=str(Path(sys.executable).parent)) or shutil.which("weed")
    assert program is not None
    known = {"name": "test", "credentials": [CREDENTIALS], "actions": ["Admin", "Read", "Write", "List"]}
    (home / "s3.json").write_text(json.dumps({"identities": [known]}))
    flags = [f"-{name}={port}" for name, port in ports.items()]
    sizes = ["-master.volumeSizeLimitMB=256", "-volume.max=40", "-s3.port.iceberg=0", "-s3.port.lance=0"]
    where = ["-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-dir={home}", f"-s3.config={home / 's3.json'}"]
    return [program, "server", "-filer", "-s3", *where, *sizes, *flags]


def takes_objects(process: subprocess.Popen[bytes], port: int) -> bool:
    """Wait until it does: it answers before it has a volume to write to. False if it exits instead, or takes none."""
    store = opened(port)
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(BaseError, OSError):
            store.put("started", b"and taken")
            return True
        time.sleep(0.1)
    return False


def opened(port: int) -> S3Store:
    with pytest.MonkeyPatch.context() as patch:
        forget_aws(patch)
        return S3Store(
            BUCKET,
            endpoint=f"http://127.0.0.1:{port}",
            region="us-east-1",
            access_key_id=CREDENTIALS["accessKey"],
            secret_access_key=CREDENTIALS["secretKey"],
            client_options={"allow_http": True, "timeout": "10s"},  # whoever took our port may be silent
            retry_config={"max_retries": 0},
        )


def forget_aws(patch: pytest.MonkeyPatch) -> None:
    """Whatever S3 the environment speaks of is not ours."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        patch.delenv(name)
