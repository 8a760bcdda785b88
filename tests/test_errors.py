from __future__ import annotations

from pathlib import Path

import pytest

from playhead import errors
from playhead.errors import LeaseLostError, PlayheadError

PAGE = (Path(__file__).parent.parent / "docs" / "errors.md").read_text()
KNOWN = [
    error
    for error in vars(errors).values()
    # A lost lease ends a run, which nobody is told of; the job has another.
    if isinstance(error, type) and issubclass(error, PlayheadError) and error is not LeaseLostError
]


@pytest.mark.parametrize("error", KNOWN, ids=lambda error: error.__name__)
def test_every_error_says_in_the_documentation_what_to_do(error: type[PlayheadError]) -> None:
    assert f"`{error.code}`" in PAGE


@pytest.mark.parametrize("error", KNOWN, ids=lambda error: error.__name__)
def test_the_documentation_knows_which_are_tried_again(error: type[PlayheadError]) -> None:
    jobs = PAGE.split("## A job ended")[1]
    rows = [line for line in jobs.splitlines() if line.startswith("|") and f"`{error.code}`" in line.split("|")[1]]
    told = {row.split("|")[2].strip() for row in rows}
    assert told <= ({"yes"} if error.transient or error is PlayheadError else {"no"})
