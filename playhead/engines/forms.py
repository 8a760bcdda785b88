"""Bounds for what a model is asked to write: told to its server as a schema, and kept here by cutting, not by refusal.

A server that holds its model to a schema never exceeds them, and so a small model comes to an end. From any other, an
answer that is a little long is as good as one that is not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field


def line(most: int) -> Any:
    """The type of a text of one line: so many characters at most, without space around it."""
    return _text(most, lambda said: " ".join(said.split()))


def prose(most: int) -> Any:
    """The type of a text of some paragraphs: so many characters at most."""
    return _text(most, lambda said: "\n\n".join(" ".join(part.split()) for part in said.split("\n\n") if part.strip()))


def some(item: Any, most: int) -> Any:
    """The type of a list of so many of these at most."""

    def cut(said: Any) -> Any:
        return said[:most] if isinstance(said, list) else said

    return Annotated[list[item], BeforeValidator(cut), Field(json_schema_extra={"maxItems": most})]


def number(least: int, most: int) -> Any:
    """The type of a whole number from ``least`` to ``most``; another becomes the nearest of these."""

    def nearest(said: int) -> int:
        return min(most, max(least, said))

    return Annotated[int, AfterValidator(nearest), Field(json_schema_extra={"minimum": least, "maximum": most})]


def shortened(text: str, most: int) -> str:
    """The text; cut, if possible between two words, and with an ellipsis, where it is too long."""
    if len(text) <= most:
        return text
    cut = text[: most - 1]
    return (cut.rsplit(None, 1)[0] if " " in cut[most // 2 :] else cut).rstrip(" ,;:") + "…"


def _text(most: int, tidied: Callable[[str], str]) -> Any:
    def kept(said: str) -> str:
        return shortened(tidied(said), most)

    return Annotated[str, AfterValidator(kept), Field(json_schema_extra={"maxLength": most})]
