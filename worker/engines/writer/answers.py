"""From what a model wrote to what was asked for."""

from __future__ import annotations

import re
from typing import TypeVar

import json_repair
from pydantic import BaseModel, ValidationError

A = TypeVar("A", bound=BaseModel)

_THOUGHT = re.compile(r"<think>.*?(</think>|\Z)", re.DOTALL)
_MOST_FAULTS = 5


class UnfitError(Exception):
    """The answer is not of the form that was asked for; its text says to the model what is wrong."""


def whole(text: str, form: type[A]) -> A | None:
    """The answer if it needs no repair."""
    try:
        return form.model_validate_json(text)
    except ValidationError:
        return None


def repaired(text: str, form: type[A]) -> A:
    """The answer, cleared of thoughts, words around it and faults of its JSON.

    Raises:
        UnfitError: it is not of that form all the same.
    """
    said = _THOUGHT.sub("", text)
    found = json_repair.loads(said[said.find("{") :] if "{" in said else said)
    if not isinstance(found, dict):
        raise UnfitError("it is no JSON object")
    try:
        return form.model_validate(found)
    except ValidationError as error:
        raise UnfitError(_faults(error)) from None


def _faults(error: ValidationError) -> str:
    told = error.errors(include_url=False, include_input=False, include_context=False)
    return "; ".join(f"{'.'.join(map(str, one['loc'])) or 'object'}: {one['msg']}" for one in told[:_MOST_FAULTS])
