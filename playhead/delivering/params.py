"""Where a document goes, and what is said with it."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from playhead.mailboxes import Mailbox

MOST_RECIPIENTS = 50
MOST_SUBJECT = 250

Line = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=MOST_SUBJECT, pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]+$"
    ),
]
WebAddress = Annotated[str, StringConstraints(max_length=900, pattern=r"^https?://[!-;=?-~]+$")]


class Mail(BaseModel):
    """A letter. Markdown and summaries are its text; everything else is attached."""

    model_config = ConfigDict(extra="forbid")

    to: list[Mailbox] = Field(
        min_length=1, max_length=MOST_RECIPIENTS, description="Addresses. Each sees the others: they are in one letter."
    )
    subject: Line | None = Field(None, description="Left out, the document's first heading, or its name.")
    text: str | None = Field(None, min_length=1, max_length=20_000, description="Markdown to come before the document.")
    reply_to: Mailbox | None = Field(None, description="Where answers go; left out, to the sender of the settings.")
    unsubscribe_url: WebAddress | None = Field(
        None,
        description="Where a reader says that no more is wanted: for the headers `List-Unsubscribe` and "
        "`List-Unsubscribe-Post` (a POST at one click, RFC 8058).",
    )

    @field_validator("to")
    @classmethod
    def _once_each(cls, to: list[str]) -> list[str]:
        return list(dict.fromkeys(to))


class Webhook(BaseModel):
    """A POST of the document, byte for byte, with its media type and the headers of Standard Webhooks."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(
        min_length=1,
        max_length=8192,
        description="Who gets it. Private addresses are refused (`url_forbidden`).",
        examples=["https://example.com/hooks/summaries"],
        json_schema_extra={"format": "uri"},
    )
