# ruff: noqa: RUF001 - each language is written with its own marks

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playhead.kinds.translate import LENGTHS
from playhead.rewriting import WriterAsk
from playhead.rewriting.pieces import pieces, share_of
from tests.kinds.answering import AnsweringEngines
from tests.kinds.memory import Memory
from tests.rewriting.parallel import ARTICLES

SENTENCES = ARTICLES[1] | {
    "ur": "ہر شخص کو اپنی جان، آزادی اور ذاتی تحفظ کا حق ہے۔",
    "my": "လူတိုင်း၌ အသက်ရှင်ရန် လွတ်လပ်မှုခွင့်နှင့် လုံခြုံစိတ်ချခွင့် ရှိသည်။",
    "km": "មនុស្សម្នាក់ៗមានសិទ្ធិរស់រានមានជីវិត សេរីភាព និងសន្តិសុខផ្ទាល់ខ្លួន។",
}
ANY_LINE = st.lists(
    st.sampled_from(
        ["word ", "End. ", "中文，", "句子。", "क्षत्रिय ", "e\u0301", "\u0301", "😀", "7", "x" * 300, "、", "\u200d"]
    ),
    max_size=60,
).map(lambda parts: "".join(parts * 9))


def an_ask(context_tokens: int = 8192) -> WriterAsk:
    ctx = Memory(AnsweringEngines(dict.items, context_tokens=context_tokens), [Path()])
    return WriterAsk(ctx, "You translate.", model=None, growth=2.5, lengths=LENGTHS)


@pytest.mark.parametrize("language", [*SENTENCES])
def test_every_script_is_cut_where_its_sentences_end(language: str) -> None:
    sentence = SENTENCES[language] + ("" if language in {"zh", "ja", "km"} else " ")
    made = list(pieces(sentence * 40, share_of(ask := an_ask())))

    assert len(made) > 1
    assert all(piece.count(SENTENCES[language]) * len(sentence) == len(piece) for piece in made)
    assert all(ask.cost(piece) <= ask.room for piece in made)


def test_what_has_no_sentences_is_cut_after_a_clause_else_after_a_word() -> None:
    clauses = list(pieces("又说，" * 400, share_of(an_ask())))
    words = list(pieces("one word more " * 400, share_of(an_ask())))

    assert all(piece.endswith("，") for piece in clauses)
    assert all(piece.endswith(" ") for piece in words)
    assert ("".join(clauses), "".join(words)) == ("又说，" * 400, "one word more " * 400)


@given(ANY_LINE, st.sampled_from([900, 2048, 131_072]))
def test_every_piece_fits_whatever_the_line_and_the_context(line: str, context_tokens: int) -> None:
    made = list(pieces(line, share_of(ask := an_ask(context_tokens))))

    assert "".join(made) == line
    assert all(ask.cost(piece) <= ask.room for piece in made)


def test_a_line_of_marks_alone_is_cut_before_anybody_gives_up() -> None:
    line = "e" + "\u0301" * 100_000

    assert "".join(pieces(line, share_of(an_ask()))) == line
