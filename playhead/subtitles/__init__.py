"""Subtitles: a transcript's segments as cues that people can read, and as the files that players take."""

from playhead.subtitles.cues import Cue, cues
from playhead.subtitles.rules import CueRules
from playhead.subtitles.writers import srt, tsv, txt, vtt

__all__ = ["Cue", "CueRules", "cues", "srt", "tsv", "txt", "vtt"]
