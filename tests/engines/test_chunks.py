"""How speech is packed for the model: nothing spoken is lost, nothing is too long."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.engines.speech import stretches
from worker.engines.speech.chunks import WINDOW_SECONDS, Span, pack
from worker.engines.speech.media import read
from worker.engines.speech.sound import RATE
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
@settings(deadline=None, max_examples=60)
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
@settings(deadline=None, max_examples=60)
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


@pytest.mark.parametrize("vad", [True, False])
def test_stretches_are_the_whole_recording_and_end_in_pauses(
    long_speech: Path, monkeypatch: pytest.MonkeyPatch, *, vad: bool
) -> None:
    monkeypatch.setattr(stretches, "LONGEST_SECONDS", 20.0)
    with read(long_speech, 3600, lambda: None) as sound:
        found = [cut(sound, 0, vad=vad)]
        while found[-1].end < sound.samples:
            found.append(cut(sound, found[-1].end, vad=vad))
        hush = [np.abs(sound.cut(one.end - 400, one.end + 400)).mean() for one in found[:-1]]
        loud = np.abs(sound.cut(0, sound.samples)).mean()

    assert len(found) > 4
    assert all(before.end == after.start for before, after in pairwise(found))
    assert all(one.end - one.start <= 20 * RATE for one in found)
    assert max(hush) < loud / 4
