"""``python -m model``: search the small worlds, print what was seen; exit code 1 if a rule can be broken."""

from __future__ import annotations

import sys
import time

from model.liveness import stuck
from model.search import Searched, search
from model.trace import trace
from model.worlds import WORLDS


def main() -> int:
    """Search them all, up to the first in which a rule can be broken."""
    began = time.monotonic()
    say(f"{'worlds':>8} {'steps':>8} {'seconds':>8}  the lease protocol, searched with")
    for name, rules in WORLDS.items():
        found = search(rules)
        wrong = fault(found)
        say(f"{len(found.worlds):8,} {found.transitions:8,} {found.seconds:8.1f}  {name}")
        if wrong:
            say("\nA rule can be broken:", *wrong, sep="\n")
            return 1
    say(f"No rule can be broken, every job ends, and each attempt may succeed. {time.monotonic() - began:.1f} s.")
    return 0


def fault(found: Searched) -> list[str]:
    """The broken rule and a shortest way to it, a line each; nothing where all rules hold."""
    if found.broken:
        return [*trace(found, len(found.worlds) - 1), found.broken]
    endless = stuck(found)
    return [*trace(found, endless[1]), endless[0]] if endless else []


def say(*lines: str, sep: str = " ") -> None:
    """On standard output, at once."""
    print(*lines, sep=sep, flush=True)  # noqa: T201 - a program that prints


if __name__ == "__main__":
    sys.exit(main())
