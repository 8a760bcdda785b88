"""From what a model wrote to what was asked for."""

from __future__ import annotations

import re
from itertools import accumulate
from typing import TypeVar

import json_repair
from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticSerializationError

A = TypeVar("A", bound=BaseModel)

_THOUGHT = re.compile(r"<think>.*?(</think>|\Z)", re.DOTALL)
_NUL = re.compile(r"\x00|\\u0000")  # PostgreSQL stores none.
_BRACKET = re.compile(r"[\[\]{}]")
_MOST_FAULTS = 5

MOST_CHARACTERS = 500_000
"""Longer answers are not repaired."""
MOST_DEEP = 50


class UnfitError(Exception):
    """The answer is not of the form that was asked for; its text says to the model what is wrong."""


def whole(text: str, form: type[A]) -> A | None:
    """The answer if it needs no repair."""
    try:
        return _storable(form.model_validate_json(_NUL.sub("", text)))
    except (ValidationError, UnfitError):
        return None


def repaired(text: str, form: type[A]) -> A:
    """The answer, cleared of thoughts, words around it and faults of its JSON.

    Raises:
        UnfitError: it is not of that form all the same.
    """
    found = _found(_NUL.sub("", _THOUGHT.sub("", text)))
    if not isinstance(found, dict):
        raise UnfitError("it is no JSON object")
    try:
        return _storable(form.model_validate(found))
    except ValidationError as error:
        raise UnfitError(_faults(error)) from None


def _storable(answer: A) -> A:
    try:
        answer.model_dump_json()
    except PydanticSerializationError:
        raise UnfitError("it holds half of a character (a lone surrogate)") from None
    return answer


def _found(said: str) -> object:
    # The repair takes quadratic time for deep nesting, which no form has, and ends it with any of these errors.
    if len(said) > MOST_CHARACTERS or _depth(said) > MOST_DEEP:
        raise UnfitError("it is too long, or nested too deeply")
    try:
        return json_repair.loads(said[said.find("{") :] if "{" in said else said)
    except (ValueError, RecursionError):
        raise UnfitError("it is no JSON object") from None


def _depth(said: str) -> int:
    """How deep it is nested at most, as far as brackets in its texts do not matter."""
    return max(accumulate(1 if sign in "{[" else -1 for sign in _BRACKET.findall(said)), default=0)


def _faults(error: ValidationError) -> str:
    told = error.errors(include_url=False, include_input=False, include_context=False)
    return "; ".join(f"{'.'.join(map(str, one['loc'])) or 'object'}: {one['msg']}" for one in told[:_MOST_FAULTS])
