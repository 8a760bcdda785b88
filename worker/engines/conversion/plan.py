"""What is to be done with each stream of a recording."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from playhead.engines.conversion import ConversionOptions
from playhead.errors import InvalidError, MediaUnreadableError, MediaWithoutAudioError
from worker.engines.conversion import picture, sound
from worker.engines.conversion.formats import TARGETS, Target
from worker.engines.conversion.media import Media, Stream


@dataclass(frozen=True)
class Plan:
    """A conversion, decided upon.

    Attributes:
        video, audio, cover: streams of the input that are in the output, which has them in this order.
        copies_video, copies_audio: they are copied, not encoded anew.
    """

    media: Media
    options: ConversionOptions
    video: Stream | None
    audio: Stream | None
    cover: Stream | None
    copies_video: bool
    copies_audio: bool

    @classmethod
    def of(cls, media: Media, options: ConversionOptions) -> Self:
        """What suits these media best.

        Raises:
            MediaWithoutAudioError: sound is asked for and there is none.
            MediaUnreadableError: there is neither sound nor picture.
            InvalidError: it is over before the time asked for begins.
        """
        _require_time(media, options)
        target = TARGETS[options.format]
        audio = media.audio
        video = media.video if options.format == "mp4" and not options.audio_only else None
        _require_sound(media, audio, needed=video is None or options.normalize)
        return cls(
            media,
            options,
            video,
            audio,
            media.cover if target.holds_cover and video is None else None,
            copies_video=video is not None and picture.fits(video, media, options),
            copies_audio=audio is not None and sound.fits(audio, target, options),
        )

    @property
    def copies_any(self) -> bool:
        """Whether picture or sound is copied."""
        return self.copies_video or self.copies_audio

    def without_copies(self) -> Self:
        """The same, with all encoded anew: not everything that should fit a container does."""
        return replace(self, copies_video=False, copies_audio=False)

    @property
    def target(self) -> Target:
        """The format of the output."""
        return TARGETS[self.options.format]

    @property
    def streams(self) -> list[Stream]:
        """Those of the input that are in the output, in its order."""
        return [one for one in (self.video, self.audio, self.cover) if one]

    @property
    def duration_seconds(self) -> float | None:
        """How long the output will be, if the input says how long it is."""
        end = min((one for one in (self.options.end_seconds, self.media.duration_seconds) if one), default=None)
        return None if end is None else max(0.0, end - self.options.start_seconds)

    def copies(self, stream: Stream) -> bool:
        """Whether this stream is copied; covers are, but are not worth telling of."""
        return self.copies_video if stream is self.video else stream is self.cover or self.copies_audio


def _require_time(media: Media, options: ConversionOptions) -> None:
    duration = media.duration_seconds
    if duration is not None and options.start_seconds >= duration:
        message = f"The recording lasts {duration:.1f} seconds: there is nothing after {options.start_seconds:g}."
        raise InvalidError(message, field="params.start_seconds")


def _require_sound(media: Media, audio: Stream | None, *, needed: bool) -> None:
    if audio or not needed:
        return
    if media.video:
        raise MediaWithoutAudioError("The file has a picture but no sound.")
    raise MediaUnreadableError("The file holds nothing that could be decoded: it is damaged or cut off.")
