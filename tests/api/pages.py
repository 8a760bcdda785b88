"""Pages of docs/ that show real exchanges."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

ID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_OTHER_EACH_TIME = re.compile(rf'"(?:{ID}|[0-9a-f]{{32}}|\d{{4}}-[-\d]+T[:.\d]+Z)"')


def read(name: str) -> str:
    return (Path(__file__).parents[2] / "docs" / name).read_text()


def shown(page: str, kind: str) -> list[Any]:
    """What stands in its blocks of this kind, ``request`` say."""
    return [json.loads(block) for block in re.findall(rf"^```json {kind}\n(.*?)^```", page, re.MULTILINE | re.DOTALL)]


def lasting(answer: Any) -> Any:
    """The answer, without its ids and times."""
    return json.loads(_OTHER_EACH_TIME.sub('"*"', json.dumps(answer)))
