from __future__ import annotations

import pytest

from chaos.verdict import Verdict


@pytest.fixture
def found() -> Verdict:
    return Verdict()
