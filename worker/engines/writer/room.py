"""What fits into a model's context, without its tokenizer."""

from __future__ import annotations

import re

from playhead.errors import TooLongError
from playhead.settings import LLMSettings

LEAST_ANSWER_TOKENS = 256
"""Room for an answer whose length nobody asked for."""
FRAME_TOKENS = 32
"""What the chat template puts around a question."""

_LETTERS_A_TOKEN = 3
_BYTES_A_TOKEN = 2
_AT_ONCE = 100_000
"""Characters. While a regular expression works, no other thread does: the event loop would stand still for seconds."""
_LETTERS = re.compile(r"[A-Za-z]+")
_BLANKS = re.compile(r"[ \t]+(?=[A-Za-z])|(?<=[ \t])[ \t]+")


def count_tokens(text: str) -> int:
    """How many tokens a text will take, at most: an estimate for byte-pair vocabularies of 32,000 entries and more.

    English words take a token for three to five letters, digits and signs up to one each; other scripts a token for two
    bytes in UTF-8, at least with vocabularies that know them. Blanks go with the word after them.
    """
    return sum(_counted(text[at : at + _AT_ONCE]) for at in range(0, len(text), _AT_ONCE))


def _counted(text: str) -> int:
    letters = sum(-(-len(word) // _LETTERS_A_TOKEN) for word in _LETTERS.findall(text))
    rest = _LETTERS.sub("", _BLANKS.sub("", text))
    ascii_rest = sum(character.isascii() for character in rest)
    foreign_bytes = len(rest.encode(errors="replace")) - ascii_rest
    return letters + ascii_rest + -(-foreign_bytes // _BYTES_A_TOKEN)


def context_tokens(settings: LLMSettings) -> int:
    """What is there for question and answer, beside the thinking."""
    return max(0, settings.context_tokens - settings.thinking_tokens)


def require_room(settings: LLMSettings, asked_tokens: int, answer_tokens: int | None) -> int:
    """The longest answer to ask for, thinking included.

    Raises:
        TooLongError: it does not fit. Some servers would silently cut the question.
    """
    context = context_tokens(settings)
    left = context - asked_tokens - FRAME_TOKENS
    if left < (answer_tokens or LEAST_ANSWER_TOKENS):
        raise TooLongError(
            f"the question takes up to {asked_tokens} tokens and leaves too little of the model's context of "
            f"{context}: split the text, or raise PLAYHEAD_LLM__CONTEXT_TOKENS if the model holds more"
        )
    return (answer_tokens or min(left, settings.answer_tokens)) + settings.thinking_tokens
