from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from worker.engines.speaking.pieces import MOST_CHARACTERS, pieces


def test_a_short_paragraph_is_one_piece() -> None:
    (piece,) = pieces("One sentence. Another one! A third?")

    assert (piece.text, piece.ends_paragraph) == ("One sentence. Another one! A third?", True)


def test_paragraphs_are_pieces_of_their_own_and_blank_lines_are_none() -> None:
    assert [one.text for one in pieces("First.\n\n  \nSecond.\n")] == ["First.", "Second."]


def test_a_long_paragraph_is_cut_between_sentences() -> None:
    sentences = [f"This is sentence number {number}, which is not very long." for number in range(20)]

    found = pieces(" ".join(sentences))

    assert len(found) > 2
    assert all(one.text.endswith("long.") for one in found)
    assert [one.ends_paragraph for one in found] == [False] * (len(found) - 1) + [True]


def test_a_decimal_point_ends_no_sentence() -> None:
    words = "It is 3.14159 or so. " * 40

    assert all(one.text.endswith("so.") for one in pieces(words))


def test_a_long_sentence_is_cut_after_a_clause_or_else_a_word() -> None:
    clauses = ", ".join(["some words in a clause"] * 40) + "."

    assert all(one.text.endswith(("clause,", "clause.")) for one in pieces(clauses))
    assert all(set(one.text.split()) == {"word"} for one in pieces("word " * 200))


def test_a_script_without_spaces_is_cut_as_well() -> None:
    sentence = "\u4eca\u65e5\u306f\u3044\u3044\u5929\u6c17\u3067\u3059\u306d\u3002"

    assert all(one.text.endswith("\u3002") for one in pieces(sentence * 60))


def test_a_text_of_dots_alone_is_cut_before_anybody_gives_up() -> None:
    # One that is looked at again from every dot takes hours, in which nothing else of its worker runs.
    found = pieces("." * 300_000 + "a")

    assert found[-1].end == 300_001


@given(st.text(alphabet=st.sampled_from("ab .,!?\n\u3002\u3001\u00e9"), max_size=2000))
def test_every_word_is_spoken_once_and_in_order(text: str) -> None:
    found = pieces(text)

    assert "".join("".join(one.text.split()) for one in found) == "".join(text.split())
    assert all(one.text and len(one.text) <= MOST_CHARACTERS for one in found)
    assert [one.end for one in found] == sorted({one.end for one in found})
