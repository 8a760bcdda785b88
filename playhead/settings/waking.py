"""How sleeping workers are woken."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, SecretStr, StringConstraints, field_validator, model_validator

from playhead.settings.keys import OptionalKey


class WakeSettings(BaseModel):
    """The hook that wakes a worker when work waits on a queue that no living one serves. For the API."""

    url: Annotated[str, StringConstraints(pattern="^https?://")] | None = Field(
        None, description="Address that a POST with JSON is sent to: `{queue, waiting, oldest_age_seconds}`."
    )
    token: OptionalKey = Field(None, description="Sent along as `Authorization: Bearer ...`.")
    command: str | None = Field(
        None,
        description="Instead of an address: what `/bin/sh` runs, on the API's machine, with `PLAYHEAD_WAKE_QUEUE`, "
        "`PLAYHEAD_WAKE_WAITING` and `PLAYHEAD_WAKE_OLDEST_AGE_SECONDS` in its environment.",
    )
    queues: list[Literal["gpu", "llm", "cpu", "io"]] = Field(
        default=["gpu", "llm", "cpu", "io"], min_length=1, description="Queues that it is called for."
    )
    every_seconds: float = Field(60, gt=0, description="A queue's hook is called at most once in this time.")
    timeout_seconds: float = Field(30, gt=0, description="Longest time a call may take; after that it has failed.")
    retry_seconds: float = Field(
        5,
        gt=0,
        description="Pause after a call that failed, if no job is submitted before; it doubles, up to 15 minutes.",
    )

    @property
    def configured(self) -> bool:
        """Whether there is a hook."""
        return self.url is not None or self.command is not None

    @field_validator("token")
    @classmethod
    def _sendable(cls, token: SecretStr | None) -> SecretStr | None:
        # Whoever refused to send it later would quote it in full.
        text = token.get_secret_value() if token else ""
        if not (text.isascii() and text.isprintable() and text == text.strip()):
            raise ValueError("it holds characters that no token has: line breaks, spaces around it, or not of ASCII")
        return token

    @model_validator(mode="after")
    def _one_hook(self) -> Self:
        if self.url is not None and self.command is not None:
            raise ValueError("URL and COMMAND are both set: one queue has one hook; unset one of them")
        return self
