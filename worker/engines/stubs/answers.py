"""A value for any JSON schema, made of the words of a text: the same for the same text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any

Schema = Mapping[str, Any]

MOST_CHARACTERS = 200
_NUMBERED = re.compile(r"^\[(\d+)\] ?(.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Line:
    """A line of the text: whole numbers of the answer are its number, texts its words."""

    number: int
    words: str


def make_answer(schema: Schema, text: str) -> Any:
    """A value that is valid by ``schema``, as pydantic writes schemas.

    Lists of objects follow the lines of a text that numbers them (``[12] words``), one item for each, as far as the
    list may be long; so a form that asks for a number and a text gives each line back.
    """
    lines = [Line(int(number), words.strip()) for number, words in _NUMBERED.findall(text)]
    lines = lines or [Line(number, words) for number, words in enumerate(filter(str.strip, text.splitlines()))]
    return _Filler(schema.get("$defs", {}), lines or [Line(0, "nothing")]).fill(schema, 0)


class _Filler:
    def __init__(self, definitions: Mapping[str, Schema], lines: Sequence[Line]) -> None:
        self._definitions = definitions
        self._lines = lines

    def fill(self, schema: Schema, place: int) -> Any:
        """A value of this schema, about the line at ``place``."""
        if "$ref" in schema:
            schema = self._definitions[schema["$ref"].rsplit("/", 1)[-1]]
        for choice in ("anyOf", "oneOf", "allOf"):
            if choice in schema:
                return self.fill(schema[choice][0], place)
        if "const" in schema or "enum" in schema:
            return schema["const"] if "const" in schema else schema["enum"][place % len(schema["enum"])]
        return self._typed(schema, place)

    def _typed(self, schema: Schema, place: int) -> Any:
        line = self._lines[place % len(self._lines)]
        match schema.get("type"):
            case "object":
                return {name: self.fill(field, place) for name, field in schema.get("properties", {}).items()}
            case "array":
                made = [self.fill(schema.get("items", {}), at) for at in self._places(schema)]
                return _told_apart(made) if schema.get("minItems", 0) > 1 else made
            case "string":
                return _text(line.words, schema)
            case "integer" | "number":
                return _number(line.number, schema)
            case "boolean":
                return place % 2 == 0
        return None

    def _places(self, schema: Schema) -> range:
        """The lines that a list is about."""
        most = schema.get("maxItems", len(self._lines))
        return range(max(schema.get("minItems", 0), min(most, len(self._lines))))


def _told_apart(made: list[Any]) -> list[Any]:
    """Of a list that must hold several things each text is another, though the text may have but one line."""
    return [f"{at} {one}"[: len(one)] if isinstance(one, str) else one for at, one in enumerate(made, start=1)]


def _text(words: str, schema: Schema) -> str:
    least = schema.get("minLength", 0)
    most = schema.get("maxLength", max(least, MOST_CHARACTERS))
    text = words[:most].strip()
    if len(text) >= least:
        return text
    repeated = "".join(islice(cycle(f"{text or '-'} "), least))
    return f"{repeated[:-1]}." if repeated.endswith(" ") else repeated


def _number(number: int, schema: Schema) -> int:
    least = schema.get("minimum", schema.get("exclusiveMinimum", -1) + 1)
    most = schema.get("maximum", schema.get("exclusiveMaximum", number + 1) - 1)
    return int(max(least, min(most, number)))
