"""All that is ever asked, as it is asked."""

from __future__ import annotations

from collections.abc import Mapping

from tests.plans import ledger, programs, tickets, turns
from tests.plans.explaining import Question

QUESTIONS: Mapping[str, Question] = {
    **ledger.QUESTIONS,
    **tickets.QUESTIONS,
    **turns.QUESTIONS,
    **programs.QUESTIONS,
}
