from __future__ import annotations

from typing import TYPE_CHECKING

from bench.figures import Row, Section, load, show

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

FOUND = [
    Section("Jobs", ["", "ours", "ratio"], [Row("a second", ["500", "2.1"], "at least 2", met=True)]),
    Section("Memory", ["process", "MB"], [Row("API", ["130"], "under 120", met=False), Row("worker", ["90"])]),
]


def test_what_was_found_is_printed_and_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    show(FOUND, tmp_path / "found.json")
    printed = capsys.readouterr().out
    assert "at least 2: met" in printed
    assert "under 120: missed" in printed
    assert load(tmp_path / "found.json") == FOUND


def test_it_becomes_a_table_of_a_page() -> None:
    assert FOUND[0].markdown().splitlines() == [
        "**Jobs**",
        "",
        "|  | ours | ratio | target |",
        "| --- | --- | --- | --- |",
        "| a second | 500 | 2.1 | at least 2: met |",
    ]
