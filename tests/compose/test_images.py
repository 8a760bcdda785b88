"""What the images and the services are made of."""

from __future__ import annotations

import re

import pytest

from tests.compose.stack import API_IMAGE, ROOT, SERVICES, WORKER_IMAGE, Stack, docker

pytestmark = [pytest.mark.compose, pytest.mark.timeout(1900)]  # the first one waits for the images

MEGABYTE = 1_000_000
SPEECH = ("faster_whisper", "ctranslate2", "onnxruntime", "av", "tokenizers", "huggingface_hub", "numpy")
# The API writes tickets through its own session: it needs neither Procrastinate nor its driver.
DISPATCH = ("procrastinate", "psycopg", "worker")


def size_bytes(image: str) -> int:
    return int(docker("image", "inspect", "-f", "{{.Size}}", image))


def base_image() -> str:
    version = re.search(r"^ARG PYTHON_VERSION=(\S+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert version
    # Through a build, as the engine may hold the base of an image without showing it as one.
    return docker("build", "--quiet", "-", stdin=f"FROM python:{version[1]}-slim\n", timeout_seconds=300)


def python(image: str, program: str) -> str:
    return docker("run", "--rm", "--network=none", "--entrypoint=python", image, "-c", program)


def importable(image: str, *modules: str) -> set[str]:
    found = python(image, f"from importlib.util import find_spec\nprint(*filter(find_spec, {modules!r}))")
    return set(found.split())


@pytest.mark.usefixtures("stack")
def test_the_api_image_adds_at_most_120_mb_to_its_base() -> None:
    added = size_bytes(API_IMAGE) - size_bytes(base_image())
    assert 0 < added <= 120 * MEGABYTE


@pytest.mark.usefixtures("stack")
def test_the_api_image_holds_no_speech_library() -> None:
    assert not importable(API_IMAGE, *SPEECH, *DISPATCH, "pip")
    assert importable(API_IMAGE, "api", "fastapi", "alembic.command") == {"api", "fastapi", "alembic.command"}


@pytest.mark.usefixtures("stack")
def test_the_worker_image_holds_no_web_framework() -> None:
    assert importable(WORKER_IMAGE, *SPEECH, "api", "fastapi", "pip") == set(SPEECH)


@pytest.mark.usefixtures("stack")
@pytest.mark.parametrize("image", [API_IMAGE, WORKER_IMAGE])
def test_an_image_runs_as_an_ordinary_user(image: str) -> None:
    assert python(image, "import os; print(os.getuid())") == "10001"


@pytest.mark.parametrize("service", SERVICES)
def test_no_process_of_a_service_is_root(stack: Stack, service: str) -> None:
    users = stack.users(service)
    assert users
    assert "0" not in users


@pytest.mark.usefixtures("client")
def test_no_secret_shows_in_the_engine_or_the_logs(stack: Stack) -> None:
    secrets = {stack.admin_key(), stack.compose("exec", "-T", "db", "cat", "/run/playhead/postgres_password")}
    told = stack.logs("2000-01-01T00:00:00Z") + "".join(stack.of(service, "json .") for service in SERVICES)
    told += "".join(docker("history", "--no-trunc", image) for image in (API_IMAGE, WORKER_IMAGE))
    assert not [secret for secret in secrets if secret in told]
    assert all(len(secret) > 40 for secret in secrets)


def test_the_secrets_are_kept_when_the_stack_is_made_anew(stack: Stack) -> None:
    before = stack.admin_key()
    stack.compose("up", "--no-build", "--force-recreate", "--wait")
    assert stack.admin_key() == before


def test_the_database_is_reached_by_the_services_alone(stack: Stack) -> None:
    assert stack.of("db", "json .HostConfig.PortBindings") in {"{}", "null"}
    assert docker("network", "inspect", "-f", "{{.Internal}}", f"{stack.project}_ledger") == "true"


def test_the_gpu_override_asks_for_a_device_and_its_libraries() -> None:
    files = ("-f", "docker-compose.yml", "-f", "docker-compose.gpu.yml")
    config = docker("compose", *files, "config", "--format", "json", "worker")
    assert '"driver": "nvidia"' in config
    assert '"CUDA": "1"' in config
