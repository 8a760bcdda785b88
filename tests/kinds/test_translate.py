from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pysubs2
import pytest
from pydantic import SecretStr, ValidationError

from playhead.engines import Translated, TranslationOptions
from playhead.errors import AnswerInvalidError, DocumentUnreadableError, ModelUnavailableError, TooLongError
from playhead.kind import Taken
from playhead.kinds.translate import KIND, Params, Result, translate
from playhead.registry import kinds
from playhead.settings import DeepLSettings, Settings
from playhead.transcript import Segment, Transcript, Word
from tests.kinds.answering import Answering, AnsweringEngines
from tests.kinds.memory import Memory
from tests.rewriting.parallel import ARTICLES, NAMES
from worker.engines import make_engines
from worker.engines.stubs import StubEngines
from worker.engines.stubs.translator import StubTranslator

GERMAN = {
    "Good evening.": "Guten Abend.",
    "- Who is there?\\n- A friend.": "- Wer ist da?\\n- Ein Freund.",
    "Who is there?": "Wer ist da?",
    "<i>It rains.</i>": "<i>Es regnet.</i>",
    "It rains.": "Es regnet.",
}
SRT = (
    "1\n00:00:01,000 --> 00:00:02,000\nGood evening.\n\n"
    "2\n00:00:03,000 --> 00:00:05,000\n- Who is there?\n- A friend.\n\n"
    "3\n00:00:06,000 --> 00:00:07,000\n<i>It rains.</i>\n"
)
PLAY = "  THE PLAY\n\nGood evening.\n\n\nWho is there?  It rains.\n"


def transcript() -> Transcript:
    rest: dict[str, Any] = {"avg_logprob": 0, "no_speech_prob": 0, "compression_ratio": 1, "temperature": 0}
    words = [Word(start=1, end=2, text="Good", probability=1), Word(start=2, end=2.5, text="evening.", probability=1)]
    said = [("Good evening.", 1.0, 2.5, words), ("Who is there?", 4.0, 5.0, None)]
    segments = [
        Segment(id=number, start=start, end=end, text=text, words=timed, **rest)
        for number, (text, start, end, timed) in enumerate(said)
    ]
    about: dict[str, Any] = {"language": "en", "language_probability": 0.9, "duration_seconds": 6, "model": "small"}
    return Transcript(text="Good evening. Who is there?", segments=segments, **about)


def in_german(asked: dict[int, str]) -> Iterable[tuple[int, str]]:
    return [(number, GERMAN.get(text, text)) for number, text in asked.items()]


def prefixed(asked: dict[int, str]) -> Iterable[tuple[int, str]]:
    return [(number, f"ja, {text}") for number, text in asked.items()]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "input"


def by_a_model(file: Path, content: str, answer: Any = in_german, **llm: Any) -> Memory:
    file.write_text(content)
    return Memory(AnsweringEngines(answer, **llm), [file])


def writer_of(ctx: Memory) -> Answering:
    assert isinstance(ctx.engines, AnsweringEngines)
    return ctx.engines.writer


def by_a_service(file: Path, content: str, key: str | None = "key") -> Memory:
    file.write_text(content)
    deepl = DeepLSettings(api_key=SecretStr(key) if key else None)
    return Memory(make_engines(Settings(engines="stub", deepl=deepl)), [file])


async def test_subtitles_stay_subtitles(file: Path) -> None:
    ctx = by_a_model(file, SRT)
    result = await translate(ctx, Params(language="de"))

    written, media_type = ctx.outputs["translation.srt"]
    assert (list(ctx.outputs), media_type) == (["translation.srt"], "application/x-subrip")
    assert written.decode() == (
        "1\n00:00:01,000 --> 00:00:02,000\nGuten Abend.\n\n"
        "2\n00:00:03,000 --> 00:00:05,000\n- Wer ist da?\n- Ein Freund.\n\n"
        "3\n00:00:06,000 --> 00:00:07,000\n<i>Es regnet.</i>\n"
    )
    assert result == Result(language="de", source=None, engine="llm", model="scripted", passages=3, windows=1, left=[])
    assert ctx.input_tokens == 100
    assert set(ctx.stages) == {"fetching", "translating"}


async def test_so_does_web_vtt(file: Path) -> None:
    ctx = by_a_model(file, "WEBVTT\n\n00:01.000 --> 00:02.000 line:0\nGood evening.\n")
    await translate(ctx, Params(language="de"))

    assert ctx.outputs["translation.vtt"][0] == b"WEBVTT\n\n00:01.000 --> 00:02.000 line:0\nGuten Abend.\n"


@pytest.mark.parametrize(
    ("content", "taken"),
    [
        (SRT, Taken("transcript.SRT", "subtitles")),
        ("WEBVTT\n\n00:01.000 --> 00:02.000\nGood evening.\n", Taken("subtitles.vtt", "subtitles")),
        (PLAY, Taken("transcript.txt", "text")),
        (transcript().model_dump_json(), Taken("transcript.json", "transcript")),
    ],
    ids=lambda value: value.name if isinstance(value, Taken) else "",
)
async def test_what_comes_of_an_output_of_another_job_is_known_before(file: Path, content: str, taken: Taken) -> None:
    ctx = by_a_model(file, content)
    await translate(ctx, params := Params(language="de"))

    assert ctx.outputs.keys() == (KIND.outputs(params, taken) or {}).keys()


def test_of_what_nobody_knows_all_may_come() -> None:
    params = Params(language="de")
    assert KIND.outputs(params, Taken("a.txt", None)) == KIND.outputs(params)
    subtitles = KIND.outputs(params, Taken("a", "subtitles")) or {}
    assert list(subtitles) == ["translation.srt", "translation.vtt"]


async def test_a_transcript_is_translated_in_all_its_forms(file: Path) -> None:
    ctx = by_a_model(file, transcript().model_dump_json())
    result = await translate(ctx, Params(language="de", source="en"))

    made = Transcript.model_validate_json(ctx.outputs["translation.json"][0])
    assert (made.text, made.language) == ("Guten Abend. Wer ist da?", "de")
    assert [(one.start, one.end, one.text, one.words) for one in made.segments] == [
        (1.0, 2.5, "Guten Abend.", None),
        (4.0, 5.0, "Wer ist da?", None),
    ]
    assert ctx.outputs["translation.txt"][0] == b"Guten Abend.\nWer ist da?\n"
    assert ctx.outputs["translation.vtt"][0].startswith(b"WEBVTT")
    read = pysubs2.SSAFile.from_string(ctx.outputs["translation.srt"][0].decode())
    assert [(one.start, one.text) for one in read] == [(1000, "Guten Abend."), (4000, "Wer ist da?")]
    assert (result.source, result.passages) == ("en", 2)


async def test_a_text_keeps_its_paragraphs(file: Path) -> None:
    ctx = by_a_model(file, PLAY, prefixed)
    result = await translate(ctx, Params(language="de"))

    assert ctx.outputs == {
        "translation.txt": (
            b"  ja, THE PLAY\n\nja, Good evening.\n\n\nja, Who is there? It rains.\n",
            "text/plain",
        )
    }
    assert result.passages == 3


async def test_the_model_is_told_what_is_wanted(file: Path) -> None:
    ctx = by_a_model(file, SRT)
    wanted = Params(
        language="de", source="en", formality="formal", glossary={"friend": "Kamerad"}, instructions="Keep it short."
    )
    await translate(ctx, wanted)

    ((told, _, _),) = writer_of(ctx).calls
    for part in ("from English into German", "formal way", "friend: Kamerad", "Keep it short."):
        assert part in told


async def test_a_variant_of_a_language_may_be_wanted(file: Path) -> None:
    ctx = by_a_model(file, transcript().model_dump_json(), prefixed)
    result = await translate(ctx, Params(language="pt-br", source="en"))

    assert "from English into Brazilian Portuguese" in writer_of(ctx).calls[0][0]
    assert result.language == "pt-BR"
    made = Transcript.model_validate_json(ctx.outputs["translation.json"][0])
    assert made.language == "pt"


async def test_segments_of_a_variant_are_joined_as_those_of_its_language(file: Path) -> None:
    ctx = by_a_model(file, transcript().model_dump_json(), lambda asked: [(n, "晚上好。") for n in asked])
    await translate(ctx, Params(language="zh-Hant"))

    assert Transcript.model_validate_json(ctx.outputs["translation.json"][0]).text == "晚上好。晚上好。"


@pytest.mark.parametrize("source", ["en", None])
async def test_from_a_language_to_its_variant_much_may_stay_as_it_is(file: Path, source: str | None) -> None:
    ctx = by_a_model(file, "A passage of many words that are the same there.", lambda asked: asked.items())
    result = await translate(ctx, Params(language="en-GB", source=source))

    assert result.left == []


async def test_from_another_language_to_a_variant_nothing_stays_as_it_is(file: Path) -> None:
    ctx = by_a_model(file, "A passage of many words that are English.", lambda asked: asked.items())

    with pytest.raises(AnswerInvalidError, match="it is not translated"):
        await translate(ctx, Params(language="pt-BR", source="en"))


async def test_what_is_not_translated_is_asked_again_then_left_and_reported(file: Path) -> None:
    long = "This sentence is far too long for a name, and is German to nobody."
    ctx = by_a_model(file, f"Good evening.\n\n{long}\n")
    result = await translate(ctx, Params(language="de"))

    assert ctx.outputs["translation.txt"][0] == f"Guten Abend.\n\n{long}\n".encode()
    assert [(one.first, one.last, one.reason) for one in result.left] == [(3, 3, "it is not translated")]
    assert [list(asked) for _, _, asked in writer_of(ctx).calls] == [[1, 2], [2]]


async def test_where_nothing_is_translated_there_is_no_translation(file: Path) -> None:
    ctx = by_a_model(file, SRT, lambda _: [])
    with pytest.raises(AnswerInvalidError, match="nothing could be translated"):
        await translate(ctx, Params(language="de"))
    assert not ctx.outputs


async def test_where_nothing_is_said_nothing_is_asked(file: Path) -> None:
    ctx = by_a_model(file, "1\n00:00:01,000 --> 00:00:02,000\n♪\n")
    result = await translate(ctx, Params(language="de"))

    assert (result.passages, result.windows, result.model) == (0, 0, None)
    assert ctx.outputs["translation.srt"][0] == file.read_bytes()  # noqa: ASYNC240 - a few bytes


async def test_a_service_translates_where_its_key_is_set(file: Path) -> None:
    ctx = by_a_service(file, SRT)
    result = await translate(ctx, Params(language="de"))

    assert ctx.outputs["translation.srt"][0].decode() == (
        SRT.replace("Good", "de: Good").replace("- Who is there?", "de: - Who is there?").replace("<i>", "de: <i>")
    )
    assert (result.engine, result.model, result.source) == ("deepl", "stub", "en")


class Translating(StubTranslator):
    """A service that says what a test wants, of each text by itself."""

    def __init__(self, said: Mapping[str, str]) -> None:
        super().__init__(DeepLSettings(api_key=SecretStr("key")))
        self._said = said

    async def translate(self, texts: Sequence[str], options: TranslationOptions, *, context: str = "") -> Translated:
        del options, context
        return Translated([self._said.get(text, text) for text in texts], "zh")


async def test_what_a_service_says_is_believed_passage_by_passage(file: Path) -> None:
    """It is paid for, and nothing in it moves from one passage to another: one that is bad says nothing of the next."""
    said = dict(NAMES[:4]) | {
        "<i>中国</i>": "China",
        "<i>日本</i>": "Japan",
        "<i>法国</i>": "France",
        "好的": "",
        "♪ 好": "♪ " + "Good. " * 40,
    }
    ctx = by_a_service(file, "\n".join(said))
    ctx.engines = StubEngines(Settings(engines="stub"))
    ctx.engines.translator = Translating(said)
    result = await translate(ctx, Params(language="en"))

    written = ctx.outputs["translation.txt"][0].decode().splitlines()
    assert written[:5] == [*dict(NAMES[:4]).values(), "<i>中国</i>"]
    assert written[-1].startswith("♪ Good. Good.")
    assert [(one.first, one.last, one.reason) for one in result.left] == [
        (5, 7, "its tags are not those of the passage"),
        (8, 8, "it has no words"),
    ]


async def test_names_that_take_far_more_in_the_other_language_are_believed_of_a_model_too(file: Path) -> None:
    ctx = by_a_model(file, "\n".join(dict(NAMES)), lambda asked: [(n, dict(NAMES)[text]) for n, text in asked.items()])
    result = await translate(ctx, Params(language="en"))

    assert (ctx.outputs["translation.txt"][0].decode().splitlines(), result.left) == ([*dict(NAMES).values()], [])


@pytest.mark.parametrize("enforces", [True, False])
async def test_no_translation_is_too_long_for_its_form(file: Path, *, enforces: bool) -> None:
    """A sentence may take four times the characters in another script: 95 of Chinese are 359 of English."""
    article = ARTICLES[-1]
    ctx = by_a_model(file, article["zh"], lambda _: [(1, article["en"])])
    writer_of(ctx).enforces = enforces
    result = await translate(ctx, Params(language="en"))

    assert (ctx.outputs["translation.txt"][0].decode(), result.left) == (article["en"], [])


@pytest.mark.parametrize("language", ["zh", "ja", "hi", "th"])
@pytest.mark.parametrize("context_tokens", [1024, 131_072])
async def test_a_long_line_of_any_script_is_translated(file: Path, language: str, context_tokens: int) -> None:
    line = ARTICLES[0][language] * 30
    ctx = by_a_model(
        file,
        line,
        lambda asked: [(n, "word " * (len(text) // 4)) for n, text in asked.items()],
        context_tokens=context_tokens,
    )
    result = await translate(ctx, Params(language="en"))

    assert result.left == []
    assert set(ctx.outputs["translation.txt"][0].decode().split()) == {"word"}


async def test_a_cue_too_long_for_a_window_is_asked_for_alone(file: Path) -> None:
    ctx = by_a_model(
        file,
        SRT.replace("Good evening.", "晚上好。" * 200),
        lambda asked: [(n, f"ja, {text}") for n, text in asked.items()],
        context_tokens=131_072,
    )
    result = await translate(ctx, Params(language="de"))

    assert (result.left, result.windows) == ([], 2)


async def test_what_fits_into_no_model_ends_the_job_at_once(file: Path) -> None:
    """Tried again it would fit no better."""
    ctx = by_a_model(file, "1\n00:00:01,000 --> 00:00:02,000\n" + "晚上好。" * 4000)
    with pytest.raises(TooLongError, match="CONTEXT_TOKENS"):
        await translate(ctx, Params(language="de"))
    assert not writer_of(ctx).calls


async def test_what_a_server_cut_is_asked_for_again_and_never_kept(file: Path) -> None:
    """Marks have no letters: by its length alone nobody could tell that this is not all of it."""
    ctx = by_a_model(
        file, "Good evening.\nWho is there?", lambda asked: [(n, "e\u0301\u0302\u0303" * 5000) for n in asked]
    )
    writer_of(ctx).enforces = True
    with pytest.raises(AnswerInvalidError, match="longer than any answer"):
        await translate(ctx, Params(language="fr"))

    assert len(writer_of(ctx).calls) == 2
    assert not ctx.outputs


async def test_one_flood_spoils_no_other_passage(file: Path) -> None:
    """Not every server holds its model to the form: what is too long is refused by itself."""
    flooded = GERMAN | {"Who is there?": "Wer ist da? " * 1000}
    ctx = by_a_model(
        file, "Good evening.\nWho is there?\nIt rains.", lambda asked: [(n, flooded[t]) for n, t in asked.items()]
    )
    result = await translate(ctx, Params(language="de"))

    assert ctx.outputs["translation.txt"][0].decode() == "Guten Abend.\nWho is there?\nEs regnet."
    assert [(one.first, one.last) for one in result.left] == [(2, 2)]


@pytest.mark.parametrize("wanted", [{"glossary": {"friend": "Kamerad"}}, {"model": "large"}, {"engine": "llm"}])
async def test_but_not_what_it_does_not_know(file: Path, wanted: dict[str, Any]) -> None:
    result = await translate(by_a_service(file, SRT), Params(language="de", **wanted))

    assert result.engine == "llm"


@pytest.mark.parametrize("key", [None, " "])
async def test_without_a_key_the_model_translates_but_where_the_service_is_asked_for(
    file: Path, key: str | None
) -> None:
    assert (await translate(by_a_service(file, SRT, key), Params(language="de"))).engine == "llm"
    with pytest.raises(ModelUnavailableError):
        await translate(by_a_service(file, SRT, key), Params(language="de", engine="deepl"))


async def test_a_later_attempt_pays_for_no_window_twice(file: Path) -> None:
    lines = "".join(f"Line {number}\n" for number in range(200))
    whole = by_a_model(file, lines, prefixed)
    expected = await translate(whole, Params(language="de"))
    broken = Memory(whole.engines, whole.files, dies_after=2)
    with pytest.raises(ConnectionError):
        await translate(broken, Params(language="de"))
    again = broken.next_attempt()

    assert await translate(again, Params(language="de")) == expected
    assert again.outputs == whole.outputs
    assert len(again.events) == expected.windows - 2


SILENT = [
    ("", {"translation.srt": "application/x-subrip", "translation.txt": "text/plain"}),
    ("WEBVTT\n", {"translation.vtt": "text/vtt"}),
]


@pytest.mark.parametrize(("content", "files"), SILENT)
async def test_what_is_made_of_silence_stays_silent(file: Path, content: str, files: dict[str, str]) -> None:
    """An empty file may be subtitles or a text, and whoever waits for its translation knows which."""
    ctx = by_a_model(file, content)
    result = await translate(ctx, Params(language="de"))
    assert (result.passages, result.windows, result.model) == (0, 0, None)
    assert ctx.outputs == {name: (content.encode(), media_type) for name, media_type in files.items()}


async def test_so_does_a_transcript(file: Path) -> None:
    silent = transcript().model_copy(update={"text": "", "segments": []})
    ctx = by_a_model(file, silent.model_dump_json())
    await translate(ctx, Params(language="de"))
    made = Transcript.model_validate_json(ctx.outputs["translation.json"][0])
    assert (made.text, made.segments, made.language) == ("", [], "de")


@pytest.mark.parametrize("content", [" \n", '{"text": 1}'])
async def test_what_cannot_be_read_is_refused(file: Path, content: str) -> None:
    with pytest.raises(DocumentUnreadableError):
        await translate(by_a_model(file, content), Params(language="de"))


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"language": "xx"},
        {"language": "fr-XX"},
        {"language": "de", "source": "pt-BR"},
        {"language": "de", "source": "de"},
        {"language": "de", "engine": "deepl", "glossary": {"a": "b"}},
        {"language": "de", "formality": "rude"},
        {"language": "de", "glossary": {"": "b"}},
    ],
)
def test_bad_params_are_refused(params: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Params.model_validate(params)


def test_the_registry_knows_it() -> None:
    assert kinds()["translate"] is KIND
