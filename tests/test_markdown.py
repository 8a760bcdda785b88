from __future__ import annotations

import pytest

from playhead.markdown import one_line, readable
from playhead.pages import fragment


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("3 March · [Listen](<https://example.com/a?b=%3C>)", "3 March · Listen: https://example.com/a?b=%3C"),
        ("[Listen](https://example.com/a)", "Listen: https://example.com/a"),
        ("[https://example.com](https://example.com)", "https://example.com"),
        ("![A cat](https://example.com/cat.png)", "A cat: https://example.com/cat.png"),
        (r"[a \[b\]](<https://example.com>)", "a [b]: https://example.com"),
        ("as [1](#source-1) says", "as [1] says"),
        (one_line("[no](https://example.com) link"), "[no](https://example.com) link"),
        (one_line("*five* stars_ #1"), "*five* stars_ #1"),
    ],
)
def test_a_letter_without_formatting_has_addresses_beside_their_words(written: str, read: str) -> None:
    assert readable(written) == read


@pytest.mark.parametrize(
    "title", ["C #", "# 1", "a ##", "1. One", "- x", "=", "*a*", "[a](b)", "<b>", "a\\", "`x`", "&amp;", "~~a~~"]
)
def test_a_title_shows_as_it_is(title: str) -> None:
    shown = title.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert fragment(f"# {one_line(title)}") == f"<h1>{shown}</h1>\n"
    assert readable(one_line(title)) == title


def test_what_is_written_from_right_to_left_is_shown_so() -> None:
    assert fragment("# שלום\n\n- a") == '<h1 dir="auto">שלום</h1>\n<ul dir="auto">\n<li>a</li>\n</ul>\n'
    assert fragment("# Hello") == "<h1>Hello</h1>\n"
