"""How speech is packed for the model: nothing spoken is lost, nothing is too long."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.engines.speech import stretches
from worker.engines.speech.chunks import WINDOW_SECONDS, Span, pack
from worker.engines.speech.media import read
from worker.engines.speech.sound import RATE, Samples, Sound
from worker.engines.speech.stretches import cut

# Silence and speech by turns, in hundredths of a second.
TURNS = st.lists(st.tuples(st.integers(1, 800), st.integers(1, 4000)), max_size=30)
HUNDREDTH = RATE // 100


def _heard(turns: list[tuple[int, int]]) -> tuple[list[Span], int]:
    at, spans = 0, []
    for silence, speech in turns:
        spans.append((at + silence * HUNDREDTH, at + (silence + speech) * HUNDREDTH))
        at = spans[-1][1]
    return spans, at + HUNDREDTH


@given(TURNS)
@settings(max_examples=60)
def test_nothing_spoken_is_lost_or_heard_twice(turns: list[tuple[int, int]]) -> None:
    heard, length = _heard(turns)
    chunks = pack(np.zeros(length, np.float32), heard)

    covered = np.zeros(length, np.int8)
    for chunk in chunks:
        assert chunk.samples.size == sum(end - start for start, end in chunk.spans)
        assert chunk.samples.size <= WINDOW_SECONDS * RATE
        for start, end in chunk.spans:
            covered[start:end] += 1
    assert covered.max(initial=0) <= 1
    for start, end in heard:
        assert covered[start:end].all()


@given(TURNS)
@settings(max_examples=60)
def test_chunks_are_in_order_and_fill_the_window(turns: list[tuple[int, int]]) -> None:
    heard, length = _heard(turns)
    chunks = pack(np.zeros(length, np.float32), heard)

    assert all(before.end <= after.spans[0][0] for before, after in pairwise(chunks))
    # Two neighbours that would fit one window are one chunk: every window costs the same, full or not.
    assert all(a.samples.size + b.samples.size > WINDOW_SECONDS * RATE * 0.6 for a, b in pairwise(chunks))


def test_no_speech_gives_no_chunk() -> None:
    assert pack(np.zeros(RATE, np.float32), []) == []


def test_chunks_end_in_the_longest_pause() -> None:
    speech = [(0, 8), (8.3, 16), (16.3, 22), (23.4, 26), (26.2, 40)]
    heard = [(round(start * RATE), round(end * RATE)) for start, end in speech]

    first, second = pack(np.zeros(40 * RATE, np.float32), heard)

    assert 22 < first.end / RATE < 23.4
    assert 22 < second.spans[0][0] / RATE < 23.4


class Spoken:
    """A recording of silence, in which speech is heard all the same: only where it is cut matters."""

    def __init__(self, turns: list[tuple[int, int]]) -> None:
        self.heard, self.samples = _heard(turns)
        self._start = 0

    def cut(self, start: int, end: int) -> Samples:
        self._start = start
        return np.zeros(min(end, self.samples) - start, np.float32)

    def hear(self, samples: Samples, **_: object) -> list[Span]:
        """As the detector does: what began before, or goes on, is heard from the first sample, or to the last."""
        cut = np.clip(np.array(self.heard).reshape(-1, 2) - self._start, 0, samples.size)
        return [(first, last) for first, last in cut.tolist() if first < last]


@given(TURNS, st.integers(30, 60))
@settings(max_examples=60)
def test_stretches_lose_nothing_that_is_spoken_and_end_in_pauses(turns: list[tuple[int, int]], seconds: int) -> None:
    spoken = Spoken(turns)
    covered, at = np.zeros(spoken.samples, np.int8), 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stretches, "_heard", spoken.hear)
        while at < spoken.samples:
            stretch = cut(cast("Sound", spoken), at, at + seconds * RATE, vad=True)
            assert stretch.start == at < stretch.end <= at + seconds * RATE
            for start, end in (span for chunk in stretch.chunks for span in chunk.spans):
                covered[at + start : at + end] += 1
                assert end <= stretch.end - at
            at = stretch.end
            in_pause = [first < at < last for first, last in spoken.heard if last - first < 25 * RATE]
            assert not any(in_pause)

    assert covered.max(initial=0) <= 1
    for start, end in spoken.heard:
        assert covered[start:end].all()


def test_what_a_stretch_cuts_off_is_in_the_next() -> None:
    spoken = Spoken([(100, 2400), (100, 2400), (100, 2400)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stretches, "_heard", spoken.hear)
        first = cut(cast("Sound", spoken), 0, 60 * RATE, vad=True)
        second = cut(cast("Sound", spoken), first.end, first.end + 300 * RATE, vad=True)

    assert [len(first.chunks), len(second.chunks)] == [2, 1]
    assert second.end == spoken.samples


@pytest.mark.parametrize("vad", [True, False])
def test_stretches_are_the_whole_recording_and_end_in_pauses(long_speech: Path, *, vad: bool) -> None:
    with read(long_speech, 3600, lambda: None) as sound:
        found = [cut(sound, 0, 40 * RATE, vad=vad)]
        while found[-1].end < sound.samples:
            found.append(cut(sound, found[-1].end, found[-1].end + 40 * RATE, vad=vad))
        hush = [np.abs(sound.cut(one.end - 400, one.end + 400)).mean() for one in found[:-1]]
        loud = np.abs(sound.cut(0, sound.samples)).mean()

    assert len(found) > 2
    assert all(before.end == after.start for before, after in pairwise(found))
    assert all(one.end - one.start <= 40 * RATE for one in found)
    assert max(hush) < loud / 4
