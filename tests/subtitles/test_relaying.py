from __future__ import annotations

import pytest

from playhead.subtitles.markup import escaped, markup
from playhead.subtitles.relaying import relaid


@pytest.mark.parametrize(
    ("old", "new", "laid"),
    [
        ("one line", "another line", "another line"),
        ("on two\nlines", "auf zwei\nZeilen", "auf zwei\nZeilen"),
        ("on two lines,\nit was said", "auf zwei Zeilen, wurde gesagt", "auf zwei Zeilen,\nwurde gesagt"),
        ("- Who?\n- Me.", "- Wer? - Ich.", "- Wer?\n- Ich."),
        (
            "a line of its own, as long as lines are",
            "eine Zeile für sich, so lang wie Zeilen eben sind und länger",
            "eine Zeile für sich,\nso lang wie Zeilen eben sind und länger",
        ),
        ("one\ntwo", "eins", "eins"),
        ("昔々あるところに\nおじいさんが", "昔々あるところに住んでいました。", "昔々あるところに\n住んでいました。"),
        ("a\nb", '<font color="red" size="1">a</font> b', '<font color="red" size="1">a</font>\nb'),
        ("a long line that someone made much longer than we would", "x" * 50, "x" * 50),
        ("", "any", "any"),
        ("one\ntwo", " \n", ""),
    ],
)
def test_new_words_stand_on_the_lines_of_the_old(old: str, new: str, laid: str) -> None:
    assert relaid(new, old) == laid


def test_tags_are_found() -> None:
    assert markup(r'{\an8}<i>a</i> <v Ann>b 1 < 2 > 1 <font color="red">c') == [
        r"{\an8}",
        "<i>",
        "</i>",
        "<v Ann>",
        '<font color="red">',
    ]


def test_what_is_no_tag_is_escaped_for_web_vtt() -> None:
    assert escaped("<i>1 < 2 & 3</i> &amp; &#38; R&D; A&B") == "<i>1 &lt; 2 &amp; 3</i> &amp; &#38; R&D; A&amp;B"
