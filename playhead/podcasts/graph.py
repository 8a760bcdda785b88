"""The jobs that work on an episode, as a request for them would say it."""

from __future__ import annotations

from typing import Any

from playhead.models import Episode

SUMMARIZE, TRANSCRIBE = "summarize", "transcribe"
TRANSCRIPT = "transcript.json"
READABLE = ("text/vtt", "application/x-subrip", "application/srt", "text/srt", "text/plain")
"""Media types of publishers' transcripts that can be read, the best first: those that tell times."""


def graph(episode: Episode) -> dict[str, Any]:
    """A summary of the publisher's transcript, or of our own where there is none that serves."""
    offered = offered_by_publisher(episode)
    jobs = {SUMMARIZE: _summarize({"url": offered["url"]} if offered else {"job": TRANSCRIBE, "output": TRANSCRIPT})}
    if not offered:
        jobs[TRANSCRIBE] = {"kind": "transcribe", "input": {"url": episode.enclosure_url}}
    labels = {"feed": str(episode.feed_id), "episode": str(episode.id)}
    return {
        "jobs": {name: {**job, "metadata": labels} for name, job in jobs.items()},
        "metadata": labels,
    }


def offered_by_publisher(episode: Episode) -> dict[str, Any] | None:
    """The best of the publisher's transcripts; None if there is none, or has not served."""
    able = [one for one in episode.transcripts if _media_type(one) in READABLE]
    if episode.transcribed or not able:
        return None
    return min(able, key=lambda one: READABLE.index(_media_type(one)))


def _summarize(given: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "summarize", "input": given}


def _media_type(transcript: dict[str, Any]) -> str:
    return str(transcript.get("type", "")).partition(";")[0].strip().lower()
