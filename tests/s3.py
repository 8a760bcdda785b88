"""A real S3 server that checks signatures."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from tests.faulty_s3 import FaultyS3, faulty

CREDENTIALS = {"accessKey": "playhead", "secretKey": "the-right-secret"}
START_SECONDS = 60


@dataclass(frozen=True)
class S3Server:
    endpoint: str
    filer: str

    def environment(self, secret: str = CREDENTIALS["secretKey"]) -> dict[str, str]:
        return {
            "AWS_ACCESS_KEY_ID": CREDENTIALS["accessKey"],
            "AWS_SECRET_ACCESS_KEY": secret,
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": self.endpoint,
        }

    def unfinished_uploads(self, bucket: str) -> list[object]:
        """The multipart uploads that were neither completed nor aborted: no S3 listing of objects shows them."""
        headers = {"Accept": "application/json"}
        answer = httpx.get(f"{self.filer}/buckets/{bucket}/.uploads/", headers=headers, trust_env=False)
        return [] if answer.status_code == httpx.codes.NOT_FOUND else list(answer.json()["Entries"] or [])


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(each.getsockname()[1]) for each in sockets]
    for each in sockets:
        each.close()
    return ports


def weed_command(folder: Path, ports: list[int]) -> list[str]:
    weed = shutil.which("weed", path=str(Path(sys.executable).parent)) or shutil.which("weed")
    assert weed is not None
    (folder / "s3.json").write_text(
        json.dumps(
            {
                "identities": [
                    {"name": "test", "credentials": [CREDENTIALS], "actions": ["Admin", "Read", "Write", "List"]}
                ]
            }
        )
    )
    names = [
        "master.port",
        "master.port.grpc",
        "volume.port",
        "volume.port.grpc",
        "filer.port",
        "filer.port.grpc",
        "s3.port",
        "s3.port.grpc",
    ]
    flags = [f"-{name}={port}" for name, port in zip(names, ports, strict=True)]
    sizes = ["-master.volumeSizeLimitMB=256", "-volume.max=40", "-s3.port.iceberg=0", "-s3.port.lance=0"]
    where = ["-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-dir={folder}", f"-s3.config={folder / 's3.json'}"]
    return [weed, "server", "-filer", "-s3", *where, *sizes, *flags]


def wait_until_it_answers(server: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            httpx.get(url, trust_env=False)
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"weed did not start:\n{log.read_text()[-2000:]}")


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A real S3 server that checks signatures."""
    folder = tmp_path_factory.mktemp("weed")
    ports = free_ports(8)
    log = folder / "log"
    found = S3Server(endpoint=f"http://127.0.0.1:{ports[6]}", filer=f"http://127.0.0.1:{ports[4]}")
    with (
        log.open("wb") as output,
        subprocess.Popen(weed_command(folder, ports), stdout=output, stderr=output) as server,
    ):
        try:
            wait_until_it_answers(server, found.endpoint, log)
            yield found
        finally:
            server.kill()
    shutil.rmtree(folder)


@pytest.fixture
def s3_url(s3_server: S3Server, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A place of its own on the server, for this test."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in s3_server.environment().items():
        monkeypatch.setenv(name, value)
    return f"s3://playhead/{abs(hash(request.node.nodeid))}"


@pytest_asyncio.fixture(loop_scope="session")
async def s3_proxy(s3_server: S3Server, s3_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FaultyS3]:  # noqa: ARG001 - ours wins
    """A proxy before the server, which the place of this test is reached through."""
    async with faulty(s3_server.endpoint) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.endpoint)
        yield proxy
