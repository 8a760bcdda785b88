"""`playhead worker` and `playhead api` with the kinds of the harness: ``python -m chaos.entry worker``."""

from __future__ import annotations

from chaos.kinds import register
from cli.main import main

if __name__ == "__main__":
    register()
    main()
