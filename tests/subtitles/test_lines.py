from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playhead.subtitles.lines import LineCount, lines
from playhead.subtitles.relaying import relaid
from playhead.subtitles.tokens import Token

LONGEST = 12
WORDS = st.sampled_from(["a", "is", "one,", "word.", "longer", "日", "。", "a-very-long-one"])
ROWS = st.lists(st.builds(Token, WORDS, st.just(0.0), st.just(0.0), st.booleans()), min_size=1, max_size=9)


def every_way(row: Sequence[Token], count: int) -> list[list[Sequence[Token]]]:
    """All ways to break a row into so many lines that none is too long but a single token."""
    cuts = [[0, *inner, len(row)] for inner in combinations(range(1, len(row)), count - 1)]
    ways = [[row[start:end] for start, end in pairwise(cut)] for cut in cuts]
    return [way for way in ways if all(len(line) == 1 or columns(line) <= LONGEST for line in way)]


def columns(line: Sequence[Token]) -> int:
    return sum(token.columns + token.spaced for token in line) - line[0].spaced


def price(row: Sequence[Token], way: Sequence[Sequence[Token]]) -> float:
    natural = [line[-1] is row[-1] or line[-1].ends_clause or line[-1].ends_sentence for line in way]
    return sum((columns(line) / LONGEST) ** 2 + (not end) * 0.15 for line, end in zip(way, natural, strict=True))


def text(line: Sequence[Token]) -> str:
    return "".join(" " * (token.spaced and at > 0) + token.text for at, token in enumerate(line))


@given(ROWS, st.integers(1, 5))
def test_of_all_ways_to_break_a_row_the_best_is_taken(row: list[Token], least: int) -> None:
    count = LineCount(LONGEST)
    for token in row:
        count.add(token)
    wanted = max(count.lines, min(least, len(row)))
    prices = {tuple(map(text, way)): price(row, way) for way in every_way(row, wanted)}

    made = lines(row, LONGEST, least)

    assert prices[tuple(made)] <= min(prices.values()) + 1e-9


def test_a_text_as_long_as_a_book_is_laid_before_anybody_gives_up() -> None:
    # At a price that grows with the square of its length it would take hours.
    book = "one word after the other, and yet another " * 8000

    laid = relaid(book, "one line").splitlines()

    assert " ".join(laid) == book.strip()
    assert max(map(len, laid)) <= 42


@pytest.mark.parametrize("old", ["a\n" * 4000, ("no end " * 3000 + "\n") * 4], ids=["many lines", "endless lines"])
def test_so_it_is_in_the_place_of_what_nobody_reads(old: str) -> None:
    book = "one word after the other, and yet another " * 2000

    assert relaid(book, old).split() == book.split()
