# ruff: noqa: RUF001 - scripts of others
from __future__ import annotations

import pytest

from playhead.sentences import is_whole, sentences


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("He ran. She  saw\nhim! Why?", ["He ran.", "She saw him!", "Why?"]),
        ("Mr. Bond and J. Smith paid 3.50 for it. Then", ["Mr. Bond and J. Smith paid 3.50 for it.", "Then"]),
        ('"Stop!" he said. "Now."', ['"Stop!" he said.', '"Now."']),
        ("— ¿Qué? —dijo Ana. ¡Vamos! Sí…", ["— ¿Qué? —dijo Ana.", "¡Vamos!", "Sí…"]),
        ("彼は走った。東京に行く。「はい。」", ["彼は走った。", "東京に行く。", "「はい。」"]),
        (
            "「これは何？」と言った。「行こう。」「うん。」彼は走った。",
            ["「これは何？」と言った。", "「行こう。」", "「うん。」彼は走った。"],
        ),
        ("他说：“你好！”然后走了。他跑。", ["他说：“你好！”然后走了。", "他跑。"]),
        ("« Arrête ! » dit-il. « Non ! » Il partit.", ["« Arrête ! » dit-il.", "« Non ! »", "Il partit."]),
        ("قال: «سأذهب.» ثم ذهب. لماذا؟ نعم!", ["قال: «سأذهب.»", "ثم ذهب.", "لماذا؟", "نعم!"]),
        ("Նա գնաց։ Նա տեսավ։", ["Նա գնաց։", "Նա տեսավ։"]),
        ("Das ist z. B. eine Karte. Dann", ["Das ist z. B. eine Karte.", "Dann"]),
        ("वह आया। वह गया।", ["वह आया।", "वह गया।"]),
        ("1. He ran. 2. He fell in 1950. And died.", ["1. He ran.", "2. He fell in 1950.", "And died."]),
        ("", []),
    ],
)
def test_a_text_is_cut_where_its_sentences_end(text: str, found: list[str]) -> None:
    assert sentences(text) == found


@pytest.mark.parametrize(
    ("sentence", "whole"), [("He ran.", True), ("「はい。」", True), ("He ran and", False), ("He ran and…", False)]
)
def test_what_was_cut_off_is_not_whole(sentence: str, whole: bool) -> None:  # noqa: FBT001 - as pytest gives it
    assert is_whole(sentence) == whole
