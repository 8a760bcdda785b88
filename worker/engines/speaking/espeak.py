"""The process with espeak-ng in it: a C library with one state for the whole process, which may crash.

Functions and numbers are those of its header ``speak_lib.h``.
"""

from __future__ import annotations

import ctypes
from collections.abc import Generator
from pathlib import Path

import espeakng_loader

from playhead.errors import ModelUnavailableError
from worker.engines.child.serving import serve
from worker.engines.speaking.espeak_source import EspeakRequest
from worker.engines.speaking.source import Said

_SYNCHRONOUS = 2
_DO_NOT_EXIT = 0x8000
_RATE = 1
_UTF8 = 1
_WORDS_A_MINUTE = 175
_OK = 0
# It cuts off what is beyond (N_PATH_HOME).
_LONGEST_PATH = 150

_OnSamples = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)


class Espeak:
    """The library, ready to speak."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        data = espeakng_loader.get_data_path().encode()
        self.sample_rate: int = self._library.espeak_Initialize(_SYNCHRONOUS, 0, data, _DO_NOT_EXIT)
        if self.sample_rate <= 0:
            raise ModelUnavailableError(
                "espeak-ng does not find its data: is the package espeakng-loader whole, and its path no longer than "
                f"{_LONGEST_PATH} characters?"
            )
        self._samples = bytearray()
        self._on_samples = _OnSamples(self._take)  # The library keeps no reference to it.
        self._library.espeak_SetSynthCallback(self._on_samples)

    def speak(self, text: str, voice: str, speed: float) -> bytes:
        """Samples of the speech."""
        self._samples.clear()
        if self._library.espeak_SetVoiceByName(voice.encode()) != _OK:
            raise ModelUnavailableError(f"espeak-ng could not load the voice {voice!r}.")
        self._library.espeak_SetParameter(_RATE, round(_WORDS_A_MINUTE * speed), 0)
        content = text.replace("\0", " ").encode() + b"\0"
        self._library.espeak_Synth(content, ctypes.c_size_t(len(content)), 0, 1, 0, _UTF8, None, None)
        self._library.espeak_Synchronize()
        return bytes(self._samples)

    def _take(self, samples: int | None, count: int, _: int | None) -> int:
        if samples:  # None at the end.
            self._samples += ctypes.string_at(samples, count * ctypes.sizeof(ctypes.c_short))
        return 0


_loaded: list[Espeak] = []


def say(request: EspeakRequest) -> Generator[Said, None, None]:
    """Speak a piece of text."""
    if not _loaded:
        _loaded.append(Espeak())
    (espeak,) = _loaded
    Path(request.into).write_bytes(espeak.speak(request.text, request.voice, request.speed))
    yield Said(sample_rate=espeak.sample_rate)


if __name__ == "__main__":
    serve(EspeakRequest, say)
