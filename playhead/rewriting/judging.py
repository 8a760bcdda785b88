"""What of an answer is believed."""

from __future__ import annotations

from collections.abc import Mapping

from playhead.rewriting.asking import Asked
from playhead.rewriting.checks import Check, cleaned, numbering

_MOST_REFUSED = 1 / 3
"""Where more passages of a joint answer are refused, words have moved from one to another: none is believed."""
_CUT = "it is longer than any answer to this passage may be"


def judge(
    passages: Mapping[int, str], answer: Asked, check: Check, *, joint: bool
) -> tuple[dict[int, str], dict[int, str]]:
    """The answers to these passages that are believed, and what is wrong with the others."""
    if wrong := numbering(passages, answer.passages):
        return {}, dict.fromkeys(passages, wrong)
    answers = {number: cleaned(text) for number, text in answer.passages}
    judged = {number: _CUT if number in answer.cut else check(old, answers[number]) for number, old in passages.items()}
    refused = {number: reason for number, reason in judged.items() if reason}
    if joint and len(refused) > max(1, len(passages) * _MOST_REFUSED):
        moved = "too many passages of one answer are not those asked for"
        return {}, {number: judged[number] or moved for number in passages}
    return {number: answers[number] for number in passages if number not in refused}, refused


def complaint(left: Mapping[int, str]) -> str | None:
    """What was wrong, each fault with the passages that had it; nothing before the first answer."""
    faults: dict[str, list[str]] = {}
    for number, reason in left.items():
        faults.setdefault(reason, []).append(f"[{number}]")
    told = [f"{', '.join(numbers)}: {reason}" for reason, numbers in faults.items() if reason]
    return "; ".join(told) or None
