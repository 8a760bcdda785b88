"""What `playhead up` is to run, and what it tells its parts."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

from local.part import Part
from local.secret import kept_secret
from playhead.settings import Settings

SETTLE_SECONDS = 5.0  # beyond its own grace, the worker ends its engines and closes its connections
ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - looked for, not bound to


@dataclass
class Plan:
    """Attributes: ``environment``, of every part; a change of it counts from the next start of a part on."""

    settings: Settings
    host: str
    port: int
    environment: dict[str, str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.environment = {**os.environ, "PLAYHEAD_DATA_DIR": str(self.data_dir)}
        # It would be started again at once, again and again.
        self.environment.pop("PLAYHEAD_WORKER__EXIT_WHEN_IDLE_SECONDS", None)
        if self.key_file:
            self.environment["PLAYHEAD_ADMIN_KEY"] = kept_secret(self.key_file, prefix="ph_")

    @property
    def data_dir(self) -> Path:
        """Where everything is kept."""
        return self.settings.data_dir.absolute()

    @property
    def key_file(self) -> Path | None:
        """Where the admin key is kept that we make; None where none is needed or the settings name one."""
        needed = self.settings.auth == "keys" and self.settings.admin_key is None
        return self.data_dir / "admin.key" if needed else None

    @property
    def url(self) -> str:
        """Where the API is reached from this machine."""
        host = ANY_ADDRESS.get(self.host, self.host)
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    def use_database(self, url: str) -> None:
        """Have the parts work on the database at ``url``."""
        self.environment["PLAYHEAD_DATABASE_URL"] = url

    def parts(self) -> tuple[Part, ...]:
        """What is to be kept running, in the order of the start."""
        worker_seconds = self.settings.worker.grace_seconds + SETTLE_SECONDS
        return (
            Part("api", self.command("api", "--host", self.host, "--port", str(self.port)), self.environment),
            Part("worker", self.command("worker"), self.environment, worker_seconds),
        )

    @staticmethod
    def command(*arguments: str) -> tuple[str, ...]:
        """A command of our own command line."""
        return (sys.executable, "-m", "cli.main", *arguments)
