from __future__ import annotations

import json
import sys

from playhead.podcasts.parsing.bounds import bind


def main(parent_pid: int) -> None:
    """Read one feed."""
    bind(parent_pid)
    from playhead.podcasts.parsing.document import read

    about = json.loads(sys.stdin.buffer.readline())
    try:
        told = read(sys.stdin.buffer.read(), url=about["url"], content_type=about["content_type"])
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - of a library that takes whatever there is, nobody knows them all
        told = {"refused": f"It cannot be read: {type(error).__name__}: {str(error)[:200]}"}
    sys.stdout.buffer.write(json.dumps(told).encode())


main(int(sys.argv[1]))
