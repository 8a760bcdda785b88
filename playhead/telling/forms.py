"""The form of an entry, as a model fills it; what breaks a rule is refused, and the engine asks again."""

from __future__ import annotations

import re
from itertools import accumulate, groupby
from operator import itemgetter
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field, create_model

from playhead.condensing.sizes import CHARACTERS_A_TOKEN, FRAME, TITLE
from playhead.engines.forms import line, shortened
from playhead.rewriting.checks import cleaned
from playhead.sentences import is_whole, sentences
from playhead.story import CHOICES
from playhead.subtitles.text import without_arrows

CHOICE, HAPPENED = 120, 200
"""Most characters of each."""
SHORTEST_CHOICE = 2
"""Letters: two are a word in Chinese, one is the name of an answer that was not given."""
CHARACTERS_A_WORD = 8
"""Of a text, the blank included: a bound, not a mean."""
_NUMBER = re.compile(
    r"""^(?:
    [(（]? \d{1,2} [.．):：）、]+ (?!\d) \s*          # not the beginning of 3.5 km
    | [(（]? (?:\d{1,2} | [A-Ca-cأبج]) [-.):）]+ \s+
    | (?:[①-⑳] | [一二三]、) \s*
    | [-*•] \s+
    )+""",  # noqa: RUF001 - as it is written in Chinese and Japanese
    re.VERBOSE,
)
"""What models put before answers, told to or not: two choices with one text are the same."""


class Entry(BaseModel):
    """What is written at a time."""

    title: str
    text: str
    choices: list[str]
    happened: str

    @property
    def paragraphs(self) -> list[list[str]]:
        """The text as paragraphs of sentences."""
        return [sentences(paragraph) for paragraph in self.text.split("\n\n")]


def entry_form(words: int) -> type[Entry]:
    """An entry of about so many words."""
    return create_model(
        "Entry",
        __base__=Entry,
        title=(_line(TITLE), ...),
        text=(_text(words, words * CHARACTERS_A_WORD), ...),
        choices=(_choices(), ...),
        happened=(_line(HAPPENED), ...),
    )


def entry_tokens(words: int) -> int:
    """Of an answer of this form, at most."""
    characters = TITLE + words * CHARACTERS_A_WORD + CHOICES * CHOICE + HAPPENED
    return -(-int(FRAME * characters) // CHARACTERS_A_TOKEN)


def _line(most: int) -> Any:
    bounded: Any = line(most)
    return Annotated[bounded, AfterValidator(_bare)]


def _text(least: int, most: int) -> Any:
    """Of so many characters. The least is told and not insisted on: small models would else end after a word."""

    def told(text: str) -> str:
        return "\n\n".join(" ".join(paragraph) for paragraph in _paragraphs(_said(text), most))

    return Annotated[str, AfterValidator(told), Field(json_schema_extra={"minLength": least, "maxLength": most})]


def _choices() -> Any:
    item: Any = line(CHOICE)
    bounds = Field(json_schema_extra={"minItems": CHOICES, "maxItems": CHOICES})
    return Annotated[list[item], AfterValidator(_distinct), bounds]


def _said(text: str) -> str:
    """What can be read of it.

    Raises:
        ValueError: nothing; or it would be taken for data by whoever reads it as a text.
    """
    text = without_arrows(cleaned(text))
    if not any(map(str.isalpha, text)):
        message = "there are no words in it"
        raise ValueError(message)
    if text.startswith(("{", "WEBVTT")):
        message = "write plain sentences"
        raise ValueError(message)
    return text


def _bare(text: str) -> str:
    return _said(_NUMBER.sub("", text))


def _distinct(choices: list[str]) -> list[str]:
    found = {"".join(filter(str.isalnum, one)).casefold(): one for one in map(_bare, choices)}
    if any(sum(map(str.isalpha, one)) < SHORTEST_CHOICE for one in found):
        message = "a letter or a number alone is no choice: say what is done"
        raise ValueError(message)
    if len(found) < CHOICES:
        message = f"give {CHOICES} choices, each a different thing to do"
        raise ValueError(message)
    return list(found.values())[:CHOICES]


def _paragraphs(text: str, most: int) -> list[list[str]]:
    """The text in sentences, as many as there is room for; the last one only where it is whole, or the only one."""
    placed = [(number, one) for number, part in enumerate(text.split("\n\n")) for one in sentences(part)]
    ends = accumulate(len(sentence) + 1 for _, sentence in placed)
    fitting = [one for one, end in zip(placed, ends, strict=True) if end <= most + 1]
    fitting = fitting or [(0, shortened(placed[0][1], most))]
    if len(fitting) > 1 and not is_whole(fitting[-1][1]):
        fitting.pop()
    return [[sentence for _, sentence in group] for _, group in groupby(fitting, key=itemgetter(0))]
