"""Telling a story, an entry at a time, within the context of a language model however long the story becomes.

A question holds what the story remembers (:mod:`.memory`), its latest entry and what was chosen (:mod:`.question`). The
form of the answer (:mod:`.forms`) is checked as it comes: one that does not fit is asked for again by the engine.
"""

from playhead.telling.teller import Teller

__all__ = ["Teller"]
