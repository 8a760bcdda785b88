"""docs/kinds: an index that is the registry's, and a page for each kind."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cli.kinds_page import MEANS, page
from playhead.kind import FORMS
from playhead.kinds import __path__ as folder
from playhead.registry import kinds

FOLDER = Path(__file__).parents[2] / "docs" / "kinds"
# Of this package alone: other tests may have registered kinds of their own in this process.
NAMES = sorted(path.stem for path in Path(folder[0]).glob("[!_]*.py"))


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> str:
    shipped = {name: kinds()[name] for name in NAMES}
    monkeypatch.setattr("cli.kinds_page.kinds", lambda: shipped)
    return "\n".join(page()) + "\n"


def test_the_index_of_kinds_is_current(index: str) -> None:
    assert (FOLDER / "README.md").read_text() == index, "run `make docs`"


def test_every_kind_has_means_and_a_page() -> None:
    assert sorted(MEANS) == NAMES
    assert {path.stem for path in FOLDER.glob("*.md")} == {*NAMES, "README"}


@pytest.mark.parametrize("name", NAMES)
def test_a_kind_has_a_row_as_the_registry_has_it(index: str, name: str) -> None:
    (row,) = re.findall(rf"^\| \[`{name}`\].*$", index, re.MULTILINE)
    link, queue, _, takes, made, part, needs = row.strip("| ").split(" | ")
    assert link.endswith(f"({name}.md)")
    assert queue == f"`{kinds()[name].queue}`"
    accepted = kinds()[name].accepts
    assert set(re.findall(r"\w+", takes.partition(";")[0])) == ({"anything"} if accepted == FORMS else accepted)
    assert made.count("`") >= 2 or made == "nothing"
    assert part
    assert needs


@pytest.mark.parametrize("name", NAMES)
def test_a_page_names_its_kind_its_queue_and_all_of_its_params(name: str) -> None:
    told = (FOLDER / f"{name}.md").read_text()
    assert told.startswith(f"# {name}\n")
    assert f"ueue `{kinds()[name].queue}`" in told
    assert not [param for param in kinds()[name].params.model_fields if param not in told]
