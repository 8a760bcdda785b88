"""How the cores are used: measured once, and kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from worker.engines.measured import Lanes, keep, recall
from worker.engines.speech import lanes as lanes_module
from worker.engines.speech.lanes import choose

RATES = {1: 10.0, 2: 14.0, 4: 15.0}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Lanes]:
    """What was measured: two workers are much faster than one, four hardly faster than two."""
    asked: list[Lanes] = []

    def rate(_: Path, __: str, lanes: Lanes) -> float:
        asked.append(lanes)
        return RATES[lanes.workers]

    monkeypatch.setattr(lanes_module, "_rate", rate)
    return asked


def test_the_fastest_is_chosen_once(asked: list[Lanes], tmp_path: Path) -> None:
    kept = tmp_path / "engine.json"

    chosen = [choose("tiny", tmp_path, "int8", 4, kept) for _ in range(2)]

    assert chosen == [Lanes(workers=2, threads=2, gain=1.4)] * 2
    assert [(lanes.workers, lanes.threads) for lanes in asked] == [(1, 4), (2, 2), (4, 1)]


def test_another_model_or_machine_is_measured_by_itself(asked: list[Lanes], tmp_path: Path) -> None:
    kept = tmp_path / "engine.json"

    for name, cores in (("tiny", 2), ("small", 2), ("tiny", 4)):
        choose(name, tmp_path, "int8", cores, kept)

    assert len(recall(kept)) == 3
    assert len(asked) == 2 + 2 + 3


def test_one_core_has_no_choice(asked: list[Lanes], tmp_path: Path) -> None:
    assert choose("tiny", tmp_path, "int8", 1, None) == Lanes(workers=1, threads=1)
    assert not asked


@pytest.mark.parametrize("written", ["", "[]", "{", '{"tiny": 3}', '{"tiny": {"workers": "all"}}'])
def test_a_file_that_means_nothing_is_as_none(asked: list[Lanes], tmp_path: Path, written: str) -> None:
    kept = tmp_path / "engine.json"
    kept.write_text(written)

    choose("tiny", tmp_path, "int8", 2, kept)

    assert asked
    assert len(recall(kept)) == 1


def test_where_nothing_can_be_kept_it_is_measured_again(asked: list[Lanes], tmp_path: Path) -> None:
    for _ in range(2):
        choose("tiny", tmp_path, "int8", 2, tmp_path / "missing" / "engine.json")

    assert len(asked) == 4


def test_a_real_model_is_measured(tiny_english: str, tmp_path: Path) -> None:
    kept = tmp_path / "engine.json"

    chosen = choose("tiny.en", Path(tiny_english), "int8", 2, kept)

    assert chosen.workers * chosen.threads == 2
    keep(kept, recall(kept))
    assert list(recall(kept).values()) == [chosen]
