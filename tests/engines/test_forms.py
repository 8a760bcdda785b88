from __future__ import annotations

import pytest
from pydantic import BaseModel, ValidationError, create_model

from playhead.engines.forms import line, number, prose, shortened, some


class Base(BaseModel):
    title: str
    text: str
    items: list[str]
    at: int


FORM = create_model(
    "Form",
    __base__=Base,
    title=(line(12), ...),
    text=(prose(40), ...),
    items=(some(line(5), 2), ...),
    at=(number(3, 9), ...),
)
GOOD = {"title": "A", "text": "B", "items": [], "at": 5}


def test_the_bounds_stand_in_the_schema() -> None:
    properties = FORM.model_json_schema()["properties"]

    assert properties["title"]["maxLength"] == 12
    assert properties["items"]["maxItems"] == 2
    assert properties["items"]["items"]["maxLength"] == 5
    assert (properties["at"]["minimum"], properties["at"]["maximum"]) == (3, 9)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"title": " One\n two "}, {"title": "One two"}),
        ({"title": "One two three four"}, {"title": "One two…"}),
        ({"title": "x" * 40}, {"title": "x" * 11 + "…"}),
        ({"text": "One\nline.\n\n\n\nTwo.  "}, {"text": "One line.\n\nTwo."}),
        ({"items": ["a", "b", "c"]}, {"items": ["a", "b"]}),
        ({"at": 1}, {"at": 3}),
        ({"at": 10**40}, {"at": 9}),
        ({"at": "77"}, {"at": 9}),
        ({"at": 4.0}, {"at": 4}),
    ],
)
def test_an_answer_beyond_them_is_cut(given: dict[str, object], kept: dict[str, object]) -> None:
    assert FORM.model_validate(GOOD | given).model_dump() == GOOD | kept


@pytest.mark.parametrize("given", [{"title": 5}, {"items": "a"}, {"items": [None]}, {"at": "nine"}, {"at": None}])
def test_an_answer_of_another_kind_is_not(given: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        FORM.model_validate(GOOD | given)


def test_a_cut_text_is_never_longer_than_allowed() -> None:
    assert all(len(shortened("some words, and some more", most)) <= most for most in range(2, 30))
