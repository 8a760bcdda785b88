"""Who says a passage, as a model is shown it."""

from __future__ import annotations

from playhead.condensing.sizes import OWNER
from playhead.documents import Passage


def name_of(passage: Passage) -> str:
    """The speaker's name in one line; empty where nobody knows. No longer than the name of whoever is to do something.

    It has no colon: the first one ends it.
    """
    return " ".join((passage.speaker or "").replace(":", " ").split())[:OWNER].rstrip()
