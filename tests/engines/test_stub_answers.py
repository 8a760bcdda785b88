"""The stub fills any form that kinds may ask for."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, create_model

from worker.engines.stubs.answers import make_answer

TEXT = "[7] Good morning.\n[8] It rains.\n[9] Good night."


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Cue(BaseModel):
    model_config = ConfigDict(extra="forbid")

    number: int
    text: str


class Everything(BaseModel):
    model_config = ConfigDict(extra="forbid")

    cues: list[Cue]
    few: list[Cue] = Field(max_length=2)
    many: list[str] = Field(min_length=5)
    colour: Colour
    word: Literal["only"]
    either: int | str
    maybe: Cue | None = None
    long: str = Field(min_length=300, max_length=310)
    short: str = Field(max_length=4)
    share: float = Field(ge=0, le=1)
    above: int = Field(gt=100)
    below: Annotated[int, Field(lt=3)]
    right: bool
    nested: list[list[Cue]] = Field(max_length=1)


def test_every_field_is_filled_as_its_schema_asks() -> None:
    made = Everything.model_validate(make_answer(Everything.model_json_schema(), TEXT))

    assert [(cue.number, cue.text) for cue in made.cues] == [(7, "Good morning."), (8, "It rains."), (9, "Good night.")]
    assert [cue.number for cue in made.few] == [7, 8]
    assert len(made.many) == 5
    assert made.short == "Good"


def test_the_same_text_gives_the_same_answer_and_another_another() -> None:
    schema = Everything.model_json_schema()

    assert make_answer(schema, TEXT) == make_answer(schema, TEXT)
    assert make_answer(schema, TEXT) != make_answer(schema, TEXT.upper())


@pytest.mark.parametrize("text", ["", " \n\n ", "no numbers", "[x] none", "[1]"])
def test_any_text_will_do(text: str) -> None:
    made = Everything.model_validate(make_answer(Everything.model_json_schema(), text))

    assert made.long


@pytest.mark.parametrize("numbers", [[3], [3, 4, 12]])
def test_a_form_made_for_some_numbers_gets_those(numbers: list[int]) -> None:
    number: Any = Literal[tuple(numbers)]
    form = create_model("One", number=(number, ...))

    assert form.model_validate(make_answer(form.model_json_schema(), TEXT)).model_dump()["number"] in numbers


def test_a_list_that_must_hold_several_things_holds_different_ones() -> None:
    made = make_answer({"type": "array", "items": {"type": "string"}, "minItems": 3, "maxItems": 3}, "One line.")
    assert len(set(made)) == 3
