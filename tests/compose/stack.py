"""A stack of its own, from docker-compose.yml and docker-compose.test.yml, and hands to pull its plugs."""

from __future__ import annotations

import os
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
API_IMAGE = "playhead-api:test"
WORKER_IMAGE = "playhead-worker:test"
SERVICES = ("db", "api", "worker")
HEAL_SECONDS = 90


def docker(*arguments: str, stdin: str | None = None, timeout_seconds: float = 60, **environment: str) -> str:
    """What ``docker ARGUMENTS`` prints; AssertionError with all that it said where it fails."""
    done = subprocess.run(
        ["docker", *arguments],  # noqa: S607 - whichever docker is on the PATH
        cwd=ROOT,
        env={**os.environ, **environment},
        input=stdin,
        capture_output=True,
        text=True,
        timeout=timeout_seconds,
        check=False,
    )
    assert done.returncode == 0, f"docker {' '.join(arguments)}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout.strip()


class Stack:
    """The services of one compose project; :meth:`down` leaves nothing of them."""

    def __init__(self, *overrides: str) -> None:
        """``overrides`` are more compose files."""
        self.files = ("docker-compose.yml", "docker-compose.test.yml", *overrides)
        self.project = f"playhead-test-{uuid.uuid4().hex[:8]}"

    def compose(self, *arguments: str, stdin: str | None = None, timeout_seconds: float = 180) -> str:
        """What ``docker compose ARGUMENTS`` prints. No .env file plays a part; the port is any that is free."""
        files = (part for file in self.files for part in ("-f", file))
        whole = ("compose", "-p", self.project, *files, "--env-file", os.devnull, *arguments)
        return docker(*whole, stdin=stdin, timeout_seconds=timeout_seconds, PUBLISH="127.0.0.1:0")

    def up(self) -> None:
        """All of it, healthy, as a newcomer starts it; a cold build takes minutes."""
        self.compose("up", "--build", "--wait", timeout_seconds=1800)

    def heal(self) -> None:
        """All of it healthy again. What the last test left unhealthy recovers with its next check or two.

        ``--wait`` gives up at once on a container that is unhealthy at the moment.
        """
        deadline = time.monotonic() + HEAL_SECONDS
        while True:
            try:
                self.compose("up", "--no-build", "--no-deps", "--wait", *SERVICES)
            except AssertionError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(1)
            else:
                return

    def down(self) -> None:
        """End and remove containers, networks and volumes."""
        self.compose("down", "--volumes", "--timeout", "5")

    def url(self) -> str:
        """Where the API is published: found anew, as it changes when its container restarts."""
        return f"http://{self.compose('port', 'api', '8000')}"

    def admin_key(self) -> str:
        """The admin key, as the README tells how to read it."""
        return self.compose("exec", "-T", "api", "cat", "/run/playhead/playhead_admin_key")

    def logs(self, since: str) -> str:
        """What every service logged since then (RFC 3339)."""
        return self.compose("logs", "--no-color", "--timestamps", "--since", since)

    def of(self, service: str, field: str) -> str:
        """A field of the service's container, in the words of ``docker inspect``: ``.State.ExitCode``."""
        return docker("inspect", "-f", f"{{{{{field}}}}}", self._container(service))

    def users(self, service: str) -> set[str]:
        """The user ids that the service's processes have, as the host sees them."""
        processes = docker("top", self._container(service), "-eo", "pid,uid").splitlines()[1:]
        return {process.split()[1] for process in processes}

    def start(self, service: str) -> None:
        """Start a stopped service, and nothing that it depends on."""
        docker("start", self._container(service))

    @contextmanager
    def killer(self, service: str) -> Iterator[Callable[[], None]]:
        """What sends SIGKILL to the container's first process, out of the engine's sight, as soon as it is called.

        ``docker kill`` counts as a stop by hand: no restart policy would act. To start the container that does it
        may take as long as a job: it stands ready before.
        """
        strike = f"echo ready; read -r _ && kill -9 {self.of(service, '.State.Pid')}"
        outside = ("run", "--rm", "--interactive", "--pid=host", "--user=0", "--entrypoint=sh", API_IMAGE)
        command = ["docker", *outside, "-c", strike]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as striker:
            assert striker.stdout is not None
            assert striker.stdout.readline() == "ready\n"

            def kill() -> None:
                striker.communicate("go\n", timeout=60)
                assert striker.returncode == 0

            yield kill

    def _container(self, service: str) -> str:
        return self.compose("ps", "--all", "--quiet", service)
