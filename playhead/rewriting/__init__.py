"""Many short passages rewritten by a model, window by window, each answer checked before it is believed.

Passages go out under numbers and come back under them. A window that cannot be had right is left as it was: what comes
of it is always as many passages as went in, in their order, each either rewritten and checked or untouched.
"""

from playhead.rewriting import checks
from playhead.rewriting.asking import Ask, Asked, Question
from playhead.rewriting.checks import Check
from playhead.rewriting.lengths import Lengths
from playhead.rewriting.rewriting import TOO_LONG, Left, Rewritten, rewrite
from playhead.rewriting.translating import TranslatorAsk
from playhead.rewriting.writing import WriterAsk

__all__ = [
    "TOO_LONG",
    "Ask",
    "Asked",
    "Check",
    "Left",
    "Lengths",
    "Question",
    "Rewritten",
    "TranslatorAsk",
    "WriterAsk",
    "checks",
    "rewrite",
]
