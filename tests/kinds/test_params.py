from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from playhead.registry import kinds

NEEDED: dict[str, dict[str, Any]] = {
    "convert": {"format": "mp4"},
    "deliver": {"mail": {"to": ["ann@example.com"]}},
    "tell": {"language": "fr", "level": "A1"},
    "translate": {"language": "fr"},
}
"""What a request has to say of a kind; of the others nothing."""


@pytest.mark.parametrize("name", kinds())
def test_what_is_stored_of_params_is_what_was_asked_for(name: str) -> None:
    """All of them are stored, those too that the request left out: a worker reads them as if they had been chosen."""
    model: type[BaseModel] = kinds()[name].params
    asked = model.model_validate(NEEDED.get(name, {}))
    stored: dict[str, Any] = asked.model_dump(mode="json")

    assert model.model_validate(stored) == asked
