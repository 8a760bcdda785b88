# ruff: noqa: RUF001 - scripts of others
from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from playhead.telling.forms import CHARACTERS_A_WORD, CHOICE, entry_form

SAID: dict[str, Any] = {
    "title": "The  map",
    "text": "Ann found a map. It was old.\n\nShe took it",
    "choices": ["Go home.", "Follow the map.", "Burn the map."],
    "happened": "Ann found a map.",
}
FORM = entry_form(100)


def test_an_entry_is_taken_apart_into_sentences() -> None:
    entry = FORM.model_validate(SAID)
    assert entry.title == "The map"
    assert entry.paragraphs == [["Ann found a map.", "It was old."]], "the last sentence was cut off"
    assert entry.choices == SAID["choices"]


def test_a_tab_parts_words() -> None:
    assert FORM.model_validate({**SAID, "text": "Ann\tran.\x07"}).text == "Ann ran."


def test_the_bounds_are_told_to_the_server() -> None:
    told = FORM.model_json_schema()["properties"]
    assert (told["text"]["minLength"], told["text"]["maxLength"]) == (100, 100 * CHARACTERS_A_WORD)
    assert (told["choices"]["minItems"], told["choices"]["maxItems"]) == (3, 3)
    assert told["choices"]["items"]["maxLength"] == CHOICE


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"title": " "}, "title"),
        ({"text": "..."}, "text"),
        ({"text": "1 2 3."}, "text"),
        ({"text": '{"segments": []}'}, "text"),
        ({"text": "WEBVTT\n\n1"}, "text"),
        ({"choices": ["Go home.", "go home", "Burn it."]}, "choices"),
        ({"choices": ["1. Go home.", "2) Go home.", "3. 3. Go home."]}, "choices"),
        ({"choices": ["A", "B", "C"]}, "choices"),
        ({"choices": ["11", "12", "13"]}, "choices"),
        ({"choices": ["1.行く", "2、行く", "３．行く"]}, "choices"),
        ({"choices": ["١. اذهب", "٢) اذهب", "٣- اذهب"]}, "choices"),
        ({"choices": ["Go home.", "Burn it."]}, "choices"),
        ({"choices": []}, "choices"),
        ({"choices": ["Go home.", "Burn it.", ""]}, "choices"),
        ({"happened": "\x07"}, "happened"),
    ],
)
def test_what_breaks_a_rule_is_refused(change: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError) as caught:
        FORM.model_validate({**SAID, **change})
    assert [error["loc"] for error in caught.value.errors()] == [(told,)]


def test_the_numbers_of_choices_are_no_part_of_them() -> None:
    numbered = ["1. Go home.", "B) Follow the map.", "- A. Burn the map."]
    assert FORM.model_validate({**SAID, "choices": numbered}).choices == SAID["choices"]


@pytest.mark.parametrize(
    ("choices", "bare"),
    [
        (["1.家に帰る。", "２）地図を見る。", "③ 地図を焼く。"], ["家に帰る。", "地図を見る。", "地図を焼く。"]),
        (["١. اذهب.", "٢- اقرأ.", "(٣) نم."], ["اذهب.", "اقرأ.", "نم."]),
        (["3.5 km to go.", "1,000 steps.", "A map is read."], ["3.5 km to go.", "1,000 steps.", "A map is read."]),
    ],
)
def test_in_whatever_script(choices: list[str], bare: list[str]) -> None:
    assert FORM.model_validate({**SAID, "choices": choices}).choices == bare


def test_a_choice_too_many_is_left_out() -> None:
    assert FORM.model_validate({**SAID, "choices": [*SAID["choices"], "Sleep."]}).choices == SAID["choices"]


@pytest.mark.parametrize("sentence", ["Ann ran and ran. ", "Ann ran and ran on " * 20])
def test_a_text_ends_with_a_sentence_however_long_it_is(sentence: str) -> None:
    text = FORM.model_validate({**SAID, "text": sentence * 100}).text
    assert 100 < len(text) <= 100 * CHARACTERS_A_WORD
    assert text.endswith((".", "…"))


def test_no_line_of_a_text_is_taken_for_a_time() -> None:
    assert "-->" not in FORM.model_validate({**SAID, "text": "00:00:01,000 --> 00:00:02,000 he ran."}).text
