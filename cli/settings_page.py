"""docs/settings.md, from the code: `python -m cli.settings_page > docs/settings.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

from cli.catalog import CLIENT, Entry, entries, groups
from cli.markdown import code, table

HEAD = """\
<!-- Made by `make docs` from playhead/settings/. Change that, not this. -->
# Settings

Playhead reads its settings from environment variables, once, at the start of each command. Lists and tables are
written as JSON: `PLAYHEAD_WORKER__QUEUES='["gpu", "cpu"]'`, `PLAYHEAD_WORKER__CONCURRENCY='{"gpu": 2}'`.
`playhead doctor` shows what is in force, secrets masked, and names variables that look like settings and are none.
"""


def page() -> Iterator[str]:
    """The page, in lines."""
    found = list(entries())
    yield HEAD
    yield "## General\n"
    yield from _table(entry for entry in found if not entry.group)
    for group, purpose in groups():
        yield f"\n## {group.capitalize()}\n"
        yield f"{purpose}\n"
        yield from _table(entry for entry in found if entry.group == group)
    yield "\n## Client commands\n"
    yield "Read by `playhead transcribe`, `playhead jobs` and `playhead doctor`.\n"
    yield from table(("variable", "meaning"), ((f"`{name}`", meaning) for name, meaning in CLIENT.items()))


def _table(chosen: Iterable[Entry]) -> Iterator[str]:
    columns = ("variable", "type", "default", "meaning")
    yield from table(columns, ((f"`{one.name}`", one.type, code(one.default), one.description) for one in chosen))


if __name__ == "__main__":
    sys.stdout.write("\n".join(page()) + "\n")
