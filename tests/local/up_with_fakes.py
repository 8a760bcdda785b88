"""`playhead up` with parts that only report: `python -m tests.local.up_with_fakes ROLL DATA_DIR PORT`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from local.plan import Plan
from local.up import up
from playhead.settings import Settings
from tests.local.rollcall import RollCall


def fake_parts(plan: type[Plan], roll: RollCall) -> None:
    """Have `up` run parts that report to ``roll``, and migrations that do nothing."""

    def command(*arguments: str) -> tuple[str, ...]:
        name, *options = arguments
        return ("true",) if name == "migrate" else roll.command(name, *options[-1:])

    plan.command = staticmethod(command)  # type: ignore[method-assign] # that is the point


if __name__ == "__main__":
    fake_parts(Plan, RollCall(Path(sys.argv[1])))
    settings = Settings(data_dir=Path(sys.argv[2]), database_url=None)
    sys.exit(asyncio.run(up(settings, "127.0.0.1", int(sys.argv[3]))))
