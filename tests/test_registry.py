from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from playhead import registry
from tests.nothing import kind_file


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    yield
    registry._added.clear()
    registry.kinds.cache_clear()
    for name in [name for name in sys.modules if name.startswith("playhead_kind_")]:
        del sys.modules[name]


def test_a_folder_of_kinds_is_added_once(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(kind_file("mine"))
    (tmp_path / "_shared.py").write_text("raise RuntimeError")
    registry.add_folder(tmp_path)
    registry.add_folder(tmp_path)
    assert registry.kinds()["mine"].summary == "Does nothing."


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("raise RuntimeError('broken')", "mine.py is no kind: RuntimeError: broken"),
        ("", "mine.py is no kind: AttributeError"),
        ("KIND = 1", "its KIND is a int"),
        (kind_file("My Kind"), "cannot be called 'My Kind'"),
        (kind_file("transcribe"), "there are two kinds 'transcribe'"),
        ("KIND = (", "SyntaxError"),
    ],
)
def test_a_file_that_is_no_kind_is_named_with_the_reason(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "mine.py").write_text(text)
    with pytest.raises(ValueError, match=r"is no kind|two kinds") as refused:
        registry.add_folder(tmp_path)
    assert told in str(refused.value)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is no folder"):
        registry.add_folder(tmp_path / "no")
