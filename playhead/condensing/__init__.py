"""From a long text to a summary, within the context of a language model.

Map and reduce: the passages are cut into windows that fit, the model takes notes of each (:mod:`.noting`), and what it
noted is merged until one summary is left (:mod:`.merging`). What can be checked is: a model names passages by their
numbers and never tells times; its quotes are looked up (:mod:`.quotes`), its chapters put in order (:mod:`.chapters`).
"""

from playhead.condensing.asking import Asker
from playhead.condensing.condense import condense
from playhead.condensing.sizes import Length
from playhead.condensing.sources import Sources
from playhead.condensing.wishes import Wishes

__all__ = ["Asker", "Length", "Sources", "Wishes", "condense"]
