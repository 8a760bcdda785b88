"""A recording heard to its end: what every kind shares that begins with speech to text."""

from playhead.hearing.params import HearingParams
from playhead.hearing.voices import Speakers, SpeakersParams, hear_speakers
from playhead.hearing.work import hear

__all__ = ["HearingParams", "Speakers", "SpeakersParams", "hear", "hear_speakers"]
