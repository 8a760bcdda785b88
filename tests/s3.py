"""A real S3 server that checks signatures."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import httpx
import pytest
import pytest_asyncio

from tests.faulty_s3 import FaultyS3, faulty
from tests.weed import BUCKET, CREDENTIALS, forget_aws, weed


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


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A real S3 server that checks signatures."""
    folder = tmp_path_factory.mktemp("weed")
    with weed(folder) as ports:
        urls = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
        yield S3Server(endpoint=urls["s3.port"], filer=urls["filer.port"])
    shutil.rmtree(folder)


@pytest.fixture
def s3_url(s3_server: S3Server, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A place of its own on the server, for this test."""
    forget_aws(monkeypatch)
    for name, value in s3_server.environment().items():
        monkeypatch.setenv(name, value)
    return f"s3://{BUCKET}/{abs(hash(request.node.nodeid))}"


@pytest_asyncio.fixture(loop_scope="session")
async def s3_proxy(s3_server: S3Server, s3_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FaultyS3]:  # noqa: ARG001 - ours wins
    """A proxy before the server, which the place of this test is reached through."""
    async with faulty(s3_server.endpoint) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.endpoint)
        yield proxy
