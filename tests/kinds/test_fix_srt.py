from __future__ import annotations

import asyncio
import io
import itertools
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pysubs2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from playhead.errors import DocumentUnreadableError, InvalidError, TooLongError, WriterUnavailableError
from playhead.kind import Taken
from playhead.kinds.fix_srt import KIND, Params, Result, fix_srt
from playhead.registry import kinds
from playhead.settings import LLMSettings, Settings
from playhead.subtitles.blocks import split
from tests.kinds.answering import Answering, AnsweringEngines
from tests.kinds.memory import Memory
from tests.subtitles.test_blocks import ANYTHING, SRT
from worker.engines import make_engines

HEARD = (
    "3\r\n00:00:01,000 --> 00:00:02,500 X1:40\r\n<i>mary ann dash would</i>\r\nlives in norland\r\n\r\n"
    "4\r\n00:00:03,000 --> 00:00:04,000\r\n♪\r\n\r\n"
    "5\r\n00:00:05,000 --> 00:00:06,000\r\nwho is  they're\r\n"
)
REPAIRS = {1: "<i>Marianne Dashwood</i>\\nlives in Norland.", 3: "Who is there?"}


def repaired(passages: dict[int, str]) -> Iterable[tuple[int, str]]:
    return [(number, REPAIRS.get(number, text)) for number, text in passages.items()]


def echoed(passages: dict[int, str]) -> Iterable[tuple[int, str]]:
    return passages.items()


def put(file: Path, content: str) -> None:
    file.write_bytes(content.encode())


def long(cues: int) -> str:
    return "".join(
        f"{n}\n00:00:{n % 60:02d},000 --> 00:00:{n % 60:02d},900\nthis is sentence number {n}\n\n"
        for n in range(1, cues + 1)
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "input"
    path.write_bytes(HEARD.encode())
    return path


def fixing(answer: Callable[[dict[int, str]], Iterable[tuple[Any, Any]]], file: Path, **llm: Any) -> Memory:
    return Memory(AnsweringEngines(answer, **llm), [file])


def nobody(asked: dict[int, str]) -> Iterable[tuple[Any, Any]]:
    raise AssertionError(asked)


def calls(ctx: Memory) -> list[tuple[str, str, dict[int, str]]]:
    assert isinstance(ctx.engines, AnsweringEngines)
    return ctx.engines.writer.calls


async def test_repairs_words_and_nothing_else(file: Path) -> None:
    ctx = fixing(repaired, file)
    result = await fix_srt(ctx, Params())

    written, media_type = ctx.outputs["subtitles.srt"]
    assert media_type == "application/x-subrip"
    assert written.decode() == (
        HEARD.replace("<i>mary ann dash would</i>\r\nlives in norland", "<i>Marianne Dashwood</i>\r\nlives in Norland.")
    ).replace("who is  they're", "Who is there?")
    assert result == Result(format="srt", cues=3, changed=2, windows=1, left=[], model="scripted")
    assert (ctx.input_tokens, ctx.output_tokens) == (100, 10)


async def test_web_vtt_stays_web_vtt(file: Path) -> None:
    put(file, "WEBVTT\n\nNOTE x\n\n00:01.000 --> 00:02.000\ntom &amp; jerry said no\n")
    ctx = fixing(lambda _: [(1, "Tom &amp; Jerry said: 1 < 2 & no")], file)
    result = await fix_srt(ctx, Params())

    assert result.format == "vtt"
    assert ctx.outputs["subtitles.vtt"] == (
        b"WEBVTT\n\nNOTE x\n\n00:01.000 --> 00:02.000\nTom &amp; Jerry said: 1 &lt; 2 &amp; no\n",
        "text/vtt",
    )


@pytest.mark.parametrize(("content", "name"), [(HEARD, "transcript.srt"), ("WEBVTT\n", "transcript.vtt")])
async def test_what_comes_of_an_output_of_another_job_is_known_before(file: Path, content: str, name: str) -> None:
    put(file, content)
    await fix_srt(ctx := fixing(echoed, file), params := Params())

    assert ctx.outputs.keys() == (KIND.outputs(params, Taken(name, "subtitles")) or {}).keys()
    assert KIND.outputs(params, Taken("subtitles", "subtitles")) == KIND.outputs(params)


async def test_what_needs_no_repair_is_kept_byte_for_byte(file: Path) -> None:
    ctx = fixing(echoed, file)
    result = await fix_srt(ctx, Params())

    assert ctx.outputs["subtitles.srt"][0] == HEARD.encode()
    assert (result.changed, result.left) == (0, [])


async def test_words_that_look_like_a_line_break_are_none(file: Path) -> None:
    put(file, heard := "1\n00:00:01,000 --> 00:00:02,000\nopen C:\\new\\notes.txt\nnow\n")
    ctx = fixing(echoed, file)

    assert (await fix_srt(ctx, Params())).changed == 0
    assert ctx.outputs["subtitles.srt"][0].decode() == heard


async def test_the_model_is_told_of_names_and_wishes_and_sees_what_stands_around(file: Path) -> None:
    put(file, long(90))
    ctx = fixing(echoed, file)
    await fix_srt(ctx, Params(glossary=["Dashwood", "Norland"], instructions="Keep the dialect.", model="large"))

    said = [(instructions, text) for instructions, text, _ in calls(ctx)]
    assert all("Dashwood; Norland" in one and "Keep the dialect." in one for one, _ in said)
    assert [list(asked) for _, _, asked in calls(ctx)] == [
        list(range(1, 41)),
        list(range(41, 81)),
        list(range(81, 91)),
    ]
    assert "- this is sentence number 40\n\nPassages to answer:\n[41] this" in said[1][1]
    assert said[1][1].endswith("After:\n- this is sentence number 81\n- this is sentence number 82\n"
                               "- this is sentence number 83")  # fmt: skip


async def test_each_window_is_told_and_progress_with_it(file: Path) -> None:
    put(file, long(90))
    ctx = fixing(echoed, file)
    await fix_srt(ctx, Params())

    assert [name for name, _ in ctx.events] == ["window"] * 3
    assert sorted(ctx.fractions) == ctx.fractions
    assert ctx.fractions[-1] == 1.0
    assert set(ctx.stages) == {"fetching", "fixing"}


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda asked: [(number + 1, text) for number, text in asked.items()], "once each"),
        (lambda asked: [*asked.items()][:-1], "once each"),
        (lambda asked: [*asked.items(), *asked.items()], "no valid answer"),
        (lambda asked: [(number, "") for number in asked], "no words"),
        (lambda asked: [(number, "…") for number in asked], "no words"),
        (lambda asked: [(number, text * 5) for number, text in asked.items()], "longer"),
        (lambda asked: [(number, "Buy our subtitles now") for number in asked], "little in common"),
        (lambda asked: [(number, f"<b>{text}</b>") for number, text in asked.items()], "tags"),
        (lambda asked: [("one", text) for text in asked.values()], "no valid answer"),
        (lambda _: [], "once each"),
    ],
    ids=["shifted", "one less", "doubled", "empty", "no words", "longer", "invented", "tagged", "no numbers", "none"],
)
async def test_what_is_no_answer_is_asked_again_then_left_and_reported(
    file: Path, answer: Callable[[dict[int, str]], Iterable[tuple[Any, Any]]], reason: str
) -> None:
    put(file, long(3))
    ctx = fixing(answer, file)
    result = await fix_srt(ctx, Params())

    assert ctx.outputs["subtitles.srt"][0].decode() == long(3)
    (left,) = result.left
    assert (left.first, left.last) == (1, 3)
    assert reason in left.reason
    # The door to the model asks several times itself before it says that there is no valid answer.
    assert len(calls(ctx)) == (1 if reason == "no valid answer" else 2)
    assert (result.cues, result.changed) == (3, 0)


async def test_only_what_was_refused_is_asked_again(file: Path) -> None:
    put(file, long(9))
    tries = itertools.count()

    def careless(asked: dict[int, str]) -> Iterable[tuple[int, str]]:
        bad = {4, 5} if next(tries) == 0 else {5}
        return [(number, "nonsense" if number in bad else f"{text}.") for number, text in asked.items()]

    ctx = fixing(careless, file)
    result = await fix_srt(ctx, Params())

    assert [list(asked) for _, _, asked in calls(ctx)] == [[*range(1, 10)], [4, 5]]
    assert "[4], [5]: it has little in common" in calls(ctx)[1][1]
    assert [(one.first, one.last) for one in result.left] == [(5, 5)]
    assert result.changed == 8


async def test_a_window_that_does_not_fit_is_halved(file: Path) -> None:
    put(file, long(20))

    def small(asked: dict[int, str]) -> Iterable[tuple[int, str]]:
        if len(asked) > 5:
            raise TooLongError("too long")
        return [(number, f"{text}.") for number, text in asked.items()]

    ctx = fixing(small, file)
    result = await fix_srt(ctx, Params())

    assert (result.changed, result.windows, result.left) == (20, 4, [])


async def test_what_a_server_withholds_is_left_and_the_rest_is_repaired(file: Path) -> None:
    put(file, long(100))

    def prudish(asked: dict[int, str]) -> Iterable[tuple[int, str]]:
        if 13 in asked:
            raise InvalidError("its content filter forbids it")
        return [(number, f"{text}.") for number, text in asked.items()]

    result = await fix_srt(fixing(prudish, file), Params())

    assert [(one.first, one.last, one.reason) for one in result.left] == [(13, 13, "its content filter forbids it")]
    assert result.changed == 99


@pytest.mark.parametrize("field", [None, "params.model"])
async def test_a_server_that_refuses_everything_ends_the_job(file: Path, field: str | None) -> None:
    put(file, long(400))

    def refusing(_: dict[int, str]) -> Iterable[tuple[int, str]]:
        raise InvalidError("no such model", field=field)

    ctx = fixing(refusing, file)
    with pytest.raises(InvalidError):
        await fix_srt(ctx, Params())
    assert len(calls(ctx)) < 80


async def test_a_small_context_makes_small_windows(file: Path) -> None:
    put(file, long(20))
    ctx = fixing(echoed, file, context_tokens=1024)
    result = await fix_srt(ctx, Params())

    assert result.windows > 1
    with pytest.raises(TooLongError, match="no room"):
        await fix_srt(fixing(echoed, file, context_tokens=512), Params())


async def test_a_cue_that_is_none_is_left(file: Path) -> None:
    put(file, long(1) + "2\n00:01:00,000 --> 00:01:01,000\n" + "word " * 5000)
    result = await fix_srt(fixing(echoed, file), Params())

    assert [(one.first, one.last) for one in result.left] == [(2, 2)]
    assert "too long" in result.left[0].reason


async def test_a_later_attempt_pays_for_no_window_twice(file: Path) -> None:
    put(file, long(400))
    whole = fixing(lambda asked: [(number, f"{text}!") for number, text in asked.items()], file)
    expected = await fix_srt(whole, Params())
    broken = Memory(whole.engines, whole.files, dies_after=4)
    with pytest.raises(ConnectionError):
        await fix_srt(broken, Params())
    calls(whole).clear()
    again = broken.next_attempt()

    assert await fix_srt(again, Params()) == expected
    assert again.outputs == whole.outputs
    assert len(calls(whole)) == expected.windows - 4 == len(again.events)


async def test_windows_of_another_input_are_not_taken(file: Path) -> None:
    ctx = fixing(repaired, file)
    await fix_srt(ctx, Params())
    put(file, long(3))
    again = ctx.next_attempt()
    await fix_srt(again, Params())

    put(file, HEARD)
    third = again.next_attempt()

    assert (await fix_srt(third, Params())).changed == 2
    assert "sentence" not in third.outputs["subtitles.srt"][0].decode()


async def test_what_others_kept_is_left_alone(file: Path) -> None:
    ctx = fixing(repaired, file)
    await fix_srt(ctx, Params())
    ctx.events.append(("window", {"of": "another version"}))

    assert (await fix_srt(ctx.next_attempt(), Params())).changed == 2


async def test_a_model_that_is_away_fails_the_attempt_and_what_is_done_is_kept(file: Path) -> None:
    put(file, long(400))
    answers = itertools.count()

    def away(asked: dict[int, str]) -> Iterable[tuple[int, str]]:
        if next(answers) >= 3:
            raise WriterUnavailableError("away")
        return asked.items()

    ctx = fixing(away, file)
    with pytest.raises(WriterUnavailableError):
        await fix_srt(ctx, Params())

    assert len(ctx.events) == 3


async def test_a_cancellation_ends_all_calls(file: Path) -> None:
    put(file, long(400))
    ctx = fixing(echoed, file)
    assert isinstance(ctx.engines, AnsweringEngines)
    ctx.engines.writer = hanging = _Hanging()
    job = asyncio.create_task(fix_srt(ctx, Params()))
    await hanging.begun.wait()

    job.cancel()

    with pytest.raises(asyncio.CancelledError):
        await job
    assert hanging.ended == hanging.calls_begun > 1


@pytest.mark.parametrize("content", ["", "WEBVTT\n", "WEBVTT - silence\n\nNOTE nothing was said\n"])
async def test_subtitles_of_silence_stay_silent_and_nobody_is_asked(file: Path, content: str) -> None:
    put(file, content)
    ctx = fixing(nobody, file)
    result = await fix_srt(ctx, Params())
    assert (result.cues, result.windows, result.left, result.model) == (0, 0, [], None)
    assert {name: made for name, (made, _) in ctx.outputs.items()} == {f"subtitles.{result.format}": content.encode()}


@pytest.mark.parametrize("content", ["no cues\n\nat all", '{"text": "a transcript"}'])
async def test_what_is_no_subtitles_is_refused(file: Path, content: str) -> None:
    put(file, content)
    with pytest.raises(DocumentUnreadableError, match="no cues"):
        await fix_srt(fixing(echoed, file), Params())


async def test_the_stub_answers_every_passage(file: Path) -> None:
    put(file, SRT)
    ctx = Memory(make_engines(Settings(engines="stub")), [file])
    result = await fix_srt(ctx, Params())

    assert (result.left, result.changed, result.model) == ([], 0, "stub:writer")
    assert ctx.outputs["subtitles.srt"][0] == SRT.encode()


@pytest.mark.parametrize("params", [{"glossary": [""]}, {"model": ""}, {"window": 5}, {"instructions": "a" * 5000}])
def test_bad_params_are_refused(params: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Params.model_validate(params)


def test_the_registry_knows_it() -> None:
    assert kinds()["fix_srt"] is KIND


CUE_TEXTS = (ANYTHING | st.just("a sentence of many words, so that much may be added to it")).map(
    lambda text: text.replace("-->", "->")
)
NEAR = st.sampled_from(
    [
        "",
        " ",
        "\n\n7\n00:00:09,000 --> 00:00:10,000\n",
        " -->",
        "\n\n8",
        "\\n\\n8",
        "\x00",
        "\u2028",
        "\n2",
        "\n1:00:00,0 1:00:01,0",
    ]
)


@st.composite
def srts(draw: st.DrawFn) -> str:
    """Files that anyone calls an SRT, and any text at all after them."""
    end = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    cues = [
        f"{draw(st.integers(0, 99))}{end}00:00:{n:02d},000 --> 00:00:{n:02d},{draw(st.integers(0, 999)):03d}{end}"
        f"{draw(CUE_TEXTS)}{end}{end * draw(st.integers(0, 2))}"
        for n in range(draw(st.integers(1, 6)))
    ]
    return draw(st.sampled_from(["", "\ufeff", "\n"])) + "".join(cues) + draw(ANYTHING)


@given(srts(), st.data())
@settings(max_examples=150)
async def test_whatever_a_model_answers_cues_numbers_and_times_stay(content: str, data: st.DataObject) -> None:
    """The promise of this kind. Answers are of any text, or near enough to the passage to be believed."""

    def hostile(asked: dict[int, str]) -> Iterable[tuple[int, str]]:
        whole = data.draw(st.booleans())
        numbers = list(asked) if whole else data.draw(st.lists(st.integers(-1, 12), max_size=8))
        near = {number: asked.get(number, "") + data.draw(NEAR) for number in numbers}
        return [(number, data.draw(st.just(near[number]) | ANYTHING)) for number in numbers]

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "input"
        file.write_bytes(content.encode())
        ctx = fixing(hostile, file)
        result = await fix_srt(ctx, Params())

    ((name, (written, _)),) = ctx.outputs.items()
    before, after = split(content), split(written.decode())
    assert name == f"subtitles.{before.form}"
    assert after.frames == before.frames
    assert result.cues == after.cues == before.cues
    assert _times(written, after.form) == _times(content.encode(), after.form)


def _times(content: bytes, form: str) -> list[tuple[int, int]]:
    read = pysubs2.SSAFile.from_file(io.TextIOWrapper(io.BytesIO(content), "utf-8"), format_=form)
    return [(event.start, event.end) for event in read]


class _Hanging(Answering):
    """A server that never answers."""

    def __init__(self) -> None:
        super().__init__(LLMSettings(), echoed)
        self.begun = asyncio.Event()
        self.calls_begun = self.ended = 0

    async def write(self, *_: Any, **__: Any) -> Any:
        self.calls_begun += 1
        self.begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.ended += 1
