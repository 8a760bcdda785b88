"""Every setting. Built only in an entrypoint, never read at import."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, NestedSecretsSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from playhead.settings.delivery import MailSettings, WebhookSettings
from playhead.settings.engines import ChildSettings, StubSettings
from playhead.settings.jobs import FetchSettings, RetentionSettings, RetrySettings, WorkerSettings
from playhead.settings.keys import OptionalKey
from playhead.settings.owners import Tiers
from playhead.settings.podcasts import PodcastSettings
from playhead.settings.recordings import ConverterSettings, DiarizationSettings, NotationSettings, SpeechSettings
from playhead.settings.texts import AnnotationSettings, DeepLSettings, LLMSettings, SpeakerSettings
from playhead.settings.waking import WakeSettings

__all__ = [
    "AnnotationSettings",
    "ChildSettings",
    "ConverterSettings",
    "DeepLSettings",
    "DiarizationSettings",
    "FetchSettings",
    "LLMSettings",
    "MailSettings",
    "NotationSettings",
    "PodcastSettings",
    "RetentionSettings",
    "RetrySettings",
    "Settings",
    "SpeakerSettings",
    "SpeechSettings",
    "StubSettings",
    "WakeSettings",
    "WebhookSettings",
    "WorkerSettings",
]


class Settings(BaseSettings):
    """Playhead's settings, from the environment: prefix `PLAYHEAD_`, nested with `__`."""

    model_config = SettingsConfigDict(
        env_prefix="PLAYHEAD_", env_nested_delimiter="__", env_ignore_empty=True, extra="ignore"
    )

    database_url: str | None = Field(
        None, description="`postgresql://user:password@host/name`; without it `playhead up` brings its own."
    )
    database_pool_size: int = Field(10, ge=2, description="Connections that one process may hold.")
    secrets_dir: Path | None = Field(
        None,
        description="Folder with a file for each secret setting, named as its variable (`playhead_admin_key`), as "
        "Docker and Kubernetes mount them. A variable that is set wins.",
    )
    data_dir: Path = Field(Path(".playhead"), description="Everything Playhead keeps on this machine.")
    kinds_dir: Path | None = Field(
        None, description="Folder with kinds of jobs of your own, a Python file each; for the API and the workers."
    )
    storage_url: str | None = Field(
        None, description="`file:///folder` or `s3://bucket/prefix`; without it a folder under DATA_DIR."
    )
    engines: Literal["real", "stub"] = Field(
        "real", description="`stub` replaces every model by a deterministic stand-in."
    )
    cache: bool = Field(
        default=True, description="Whether the same work is done once, and its result given to all who ask for it."
    )
    auth: Literal["keys", "off"] = Field("keys", description="`off` lets anyone in, and only on a loopback address.")
    admin_key: OptionalKey = Field(None, description="A key with every right, kept out of the database.")
    tiers: Tiers = Field(
        default={"free": 0, "premium": 10},
        description="Tiers of owners, each with what it adds to the rank of their jobs: `low` is -10, `normal` 0, "
        "`high` 10, `urgent` 20. `playhead owners tier` gives an owner one; `free` is everybody's at first.",
    )
    max_upload_bytes: int = Field(5 * 1024**3, gt=0, description="Largest upload, in bytes.")
    log_format: Literal["auto", "text", "json"] = Field(
        "auto", description="`auto`: text on a terminal, JSON elsewhere."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level that is logged.")
    speech: SpeechSettings = Field(default_factory=SpeechSettings)
    llm: LLMSettings = Field(default_factory=LLMSettings)
    converter: ConverterSettings = Field(default_factory=ConverterSettings)
    speaker: SpeakerSettings = Field(default_factory=SpeakerSettings)
    notation: NotationSettings = Field(default_factory=NotationSettings)
    annotation: AnnotationSettings = Field(default_factory=AnnotationSettings)
    diarization: DiarizationSettings = Field(default_factory=DiarizationSettings)
    deepl: DeepLSettings = Field(default_factory=DeepLSettings)
    mail: MailSettings = Field(default_factory=MailSettings)
    webhooks: WebhookSettings = Field(default_factory=WebhookSettings)
    fetch: FetchSettings = Field(default_factory=FetchSettings)
    retry: RetrySettings = Field(default_factory=RetrySettings)
    retention: RetentionSettings = Field(default_factory=RetentionSettings)
    podcasts: PodcastSettings = Field(default_factory=PodcastSettings)
    worker: WorkerSettings = Field(default_factory=WorkerSettings)
    wake: WakeSettings = Field(default_factory=WakeSettings)
    stub: StubSettings = Field(default_factory=StubSettings)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - as pydantic-settings calls it
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - whoever starts us reads .env files
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then the environment, then the files of SECRETS_DIR; a folder that is not there is an error."""
        folder = os.environ.get("PLAYHEAD_SECRETS_DIR")
        files = NestedSecretsSettingsSource(file_secret_settings, secrets_dir=folder, secrets_dir_missing="error")
        return init_settings, env_settings, files

    @property
    def storage_location(self) -> str:
        """The storage URL in force."""
        return self.storage_url or (self.data_dir / "storage").resolve().as_uri()

    @property
    def scratch_location(self) -> Path:
        """The folder for working files in force."""
        return (self.worker.scratch_dir or self.data_dir / "scratch").resolve()

    @property
    def alive_location(self) -> Path:
        """The file in force that is touched at each heartbeat."""
        return self.worker.alive_file or self.data_dir / "worker.alive"
