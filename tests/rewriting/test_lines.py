from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from playhead.rewriting.lengths import letters
from playhead.rewriting.lines import split_lines
from playhead.rewriting.pieces import MOST_LETTERS

TEXTS = st.text() | st.lists(
    st.sampled_from(["\n", "\r\n", "\r", " ", "\t", "word", "End.", "日本。", "x" * 900, "a b. " * 300]), max_size=12
).map("".join)


def share(text: str) -> float:
    return letters(text) / MOST_LETTERS


def test_lines_are_passages_and_blanks_are_kept() -> None:
    text = "  One line,\r\n\r\n\n\ttwo.  \nthree"
    lines = split_lines(text, share)

    assert lines.passages == ("One line,", "two.", "three")
    assert lines.places == (1, 4, 5)
    assert lines.joined(["Eins,\n", "zwei.", "three"]) == "  Eins,\r\n\r\n\n\tzwei.  \nthree"


def test_a_long_line_is_cut_where_sentences_end() -> None:
    sentence = "This is a sentence, and not so short a one. "
    lines = split_lines(sentence * 40, share)

    assert len(lines.passages) == 3
    assert all(one.endswith("a one.") for one in lines.passages)
    assert set(lines.places) == {1}


def test_sentences_that_nothing_parted_are_parted_where_the_language_wants_it() -> None:
    lines = split_lines("他来了。" * 120, share)
    assert len(lines.passages) == 2

    assert lines.joined(["He came.", "He went."]) == "He came. He went."
    assert lines.joined(["来了。", "走了。"]) == "来了。走了。"
    assert lines.joined(lines.passages) == "他来了。" * 120


@given(TEXTS)
def test_whatever_is_taken_apart_is_put_together_again(text: str) -> None:
    lines = split_lines(text, share)

    assert lines.joined(lines.passages) == text
    assert all(one and share(one) <= 1 and one == one.strip() for one in lines.passages)
    assert not any("\n" in one or "\r" in one for one in lines.passages)


@given(TEXTS, st.text(max_size=20))
def test_new_words_make_no_new_lines(text: str, words: str) -> None:
    lines = split_lines(text, share)
    made = lines.joined([words] * len(lines.passages))

    assert made.count("\n") == text.count("\n")
    assert made.count("\r") == text.count("\r")


def test_a_line_of_dots_alone_is_cut_before_anybody_gives_up() -> None:
    # One that is looked at again from every dot takes hours, in which nothing else of its worker runs.
    content = "." * 300_000 + "a"

    assert "".join(split_lines(content, share).passages) == content
