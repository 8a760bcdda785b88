from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bench.figures import Row, Section, put, show

if TYPE_CHECKING:
    from pathlib import Path

FOUND = [
    Section("Jobs", ["", "ours", "ratio"], [Row("a second", ["500", "2.1"], "at least 2", met=True)]),
    Section("Memory", ["process", "MB"], [Row("API", ["130"], "under 120", met=False), Row("worker", ["90"])]),
]


def test_what_was_found_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    show(FOUND)
    printed = capsys.readouterr().out
    assert "at least 2: met" in printed
    assert "under 120: missed" in printed


def test_a_page_has_it_in_place_of_what_was_found_before(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    page.write_text("# Speed\n\n**Jobs**\n\n| old |\n| --- |\n\nHow to read it.\n\n**Memory**\n\n")
    show(FOUND, page)
    show(FOUND[:1], page)
    jobs, memory = (section.markdown() for section in FOUND)
    assert page.read_text() == f"# Speed\n\n{jobs}\n\nHow to read it.\n\n{memory}\n"


def test_a_table_that_a_page_has_no_place_for_is_not_lost_silently() -> None:
    with pytest.raises(LookupError, match="Jobs"):
        put("# Speed\n", FOUND)


def test_it_becomes_a_table_of_a_page() -> None:
    assert FOUND[0].markdown().splitlines() == [
        "**Jobs**",
        "",
        "|  | ours | ratio | target |",
        "| --- | --- | --- | --- |",
        "| a second | 500 | 2.1 | at least 2: met |",
    ]
