"""JSON Schemas as servers take them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_STRUCTURE = frozenset(
    {"type", "properties", "required", "items", "enum", "const", "anyOf", "$ref", "$defs", "additionalProperties"}
)
"""Keywords that every server with structured output knows; the others are only bounds, which we check ourselves."""


def strict(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema with every property of every object required and no other allowed, as strict modes want it."""
    made = {key: _each(strict, key, value) for key, value in schema.items() if key not in {"title", "default"}}
    if "properties" in made:
        made |= {"required": list(made["properties"]), "additionalProperties": False}
    return made


def plain(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema without bounds of numbers, lists and texts, which some servers refuse."""
    return {key: _each(plain, key, value) for key, value in schema.items() if key in _STRUCTURE | {"description"}}


def named_schema(name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """The ``response_format`` that asks for this schema."""
    plain_name = re.sub(r"[^A-Za-z0-9_-]+", "_", name)[:64]
    return {"type": "json_schema", "json_schema": {"name": plain_name, "strict": True, "schema": dict(schema)}}


def _each(change: Any, key: str, value: Any) -> Any:
    """A keyword's value with the schemas in it changed; names of properties are no keywords."""
    if key in {"properties", "$defs"}:
        return {name: change(schema) for name, schema in value.items()}
    if key in {"items", "additionalProperties"} and isinstance(value, Mapping):
        return change(value)
    if key in {"anyOf", "oneOf", "allOf", "prefixItems"}:
        return [change(one) for one in value]
    return value
