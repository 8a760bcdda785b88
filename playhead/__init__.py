"""Playhead: the core. What a job is, and what may happen to it."""

__version__ = "0.1.0"
