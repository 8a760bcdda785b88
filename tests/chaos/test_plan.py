from __future__ import annotations

from pathlib import Path

from chaos import plan
from chaos.__main__ import replay
from chaos.outcome import Options


def test_the_same_seed_gives_the_same_faults() -> None:
    assert plan.make_plan(7, 600) == plan.make_plan(7, 600)
    assert plan.make_plan(7, 600) != plan.make_plan(8, 600)


def test_every_fault_comes_and_none_outlasts_the_run() -> None:
    faults = plan.make_plan(7, 600)
    assert {fault.name for fault in faults} == {card.name for card in plan.DECK}
    assert all(fault.at_seconds + fault.seconds <= 600 for fault in faults)
    assert [fault.at_seconds for fault in faults] == sorted(fault.at_seconds for fault in faults)


def test_a_plan_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    faults = plan.make_plan(7, 60)
    plan.save(faults, tmp_path / "plan.json")
    assert plan.load(tmp_path / "plan.json") == faults


def test_a_run_is_replayed_with_the_plan_that_it_followed() -> None:
    options = Options(60, 7, Path("out"))
    assert replay(options, 5, None) == "make chaos SECONDS=60 SEED=7 RATE=5 GAP=5"
    assert replay(options, 5, Path("plan.json")) == 'make chaos SECONDS=60 SEED=7 RATE=5 ARGS="--follow plan.json"'
