from __future__ import annotations

import pytest

from playhead.subtitles.text import ends_sentence


@pytest.mark.parametrize("mark", ".!?…؟۔。！？｡।॥።။។")  # noqa: RUF001 - each script has its own
def test_a_sentence_ends_with_the_marks_of_every_script(mark: str) -> None:
    assert ends_sentence(f"words{mark}”")
