from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from playhead.languages import Language


class HearingParams(BaseModel):
    """What a request may say of the speech in its recording. Every field may be left out."""

    model_config = ConfigDict(extra="forbid")

    language: Language | None = Field(
        None,
        description="Language spoken, as an ISO 639-1 code such as `en`; left out, it is detected.",
        examples=["en"],
    )
    task: Literal["transcribe", "translate"] = Field(
        "transcribe", description="`transcribe` keeps the language spoken; `translate` gives English."
    )
    prompt: str | None = Field(
        None,
        max_length=4000,
        description="Text that might have come before: sets spelling of names, style and punctuation.",
    )
    hotwords: str | None = Field(
        None, max_length=1000, description="Words to listen for, such as names, separated by spaces or commas."
    )
    temperature: float | None = Field(
        None,
        ge=0,
        le=1,
        description="Sampling temperature. 0 leaves nothing to chance; left out, it rises where decoding goes wrong.",
    )
    model: str | None = Field(
        None, min_length=1, max_length=200, description="Model to use instead of the server's, e.g. `large-v3`."
    )
    vad: bool = Field(default=True, description="Skip what is not speech, so that nothing is made up in silence.")
