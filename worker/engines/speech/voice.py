from __future__ import annotations

from functools import cached_property
from inspect import signature
from typing import Any

import ctranslate2
import faster_whisper.transcribe as whisper
from faster_whisper import WhisperModel
from faster_whisper.tokenizer import Tokenizer

from worker.engines.speech import gates
from worker.engines.speech.gates import Said
from worker.engines.speech.pieces import Asked

_DEFAULTS = signature(WhisperModel.transcribe).parameters
PREPENDED: str = _DEFAULTS["prepend_punctuations"].default
APPENDED: str = _DEFAULTS["append_punctuations"].default

# Whisper's own list: decoding that goes wrong is tried again with ever more chance in it.
_FALLBACKS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
# And its number of answers that chance draws for one window, of which the likeliest is taken.
_BEST_OF = 5


class Voice:
    """How a model is spoken to, and understood, in one language and to one end."""

    def __init__(self, model: WhisperModel, asked: Asked, language: str) -> None:
        self._model = model
        self._asked = asked
        self.tokenizer = Tokenizer(
            model.hf_tokenizer, bool(model.model.is_multilingual), task=asked.task, language=language
        )

    @cached_property
    def prompt(self) -> list[int]:
        """The tokens that what is said begins after."""
        before = self.tokenizer.encode(f" {self._asked.prompt.strip()}") if self._asked.prompt else []
        return list(self._model.get_prompt(self.tokenizer, before, hotwords=self._asked.hotwords))

    @cached_property
    def suppressed(self) -> list[int]:
        """Tokens that are never said: signs, music, and what rules the model."""
        return list(whisper.get_suppressed_tokens(self.tokenizer, [-1]) or [])

    def search(self, beam_size: int) -> dict[str, Any]:
        """How CTranslate2 looks for an answer: with a beam or, where a temperature is asked for, by chance."""
        temperature = self._asked.temperature
        if not temperature:
            return {"beam_size": beam_size}
        drawn = {"num_hypotheses": _BEST_OF, "sampling_topk": 0, "sampling_temperature": temperature}
        return {"beam_size": 1, **drawn}

    def said(self, result: ctranslate2.models.WhisperGenerationResult) -> Said:
        """What the model's answer means."""
        tokens = result.sequences_ids[0]
        # The score is the mean over the tokens; Whisper counts the end as one more.
        return self._said(result, result.scores[0] * len(tokens) / (len(tokens) + 1), self._asked.temperature or 0.0)

    def carefully(self, encoded: ctranslate2.StorageView, beam_size: int) -> Said:
        """Decode one window, with ever more chance until Whisper's own tests are passed."""
        result, avg_logprob, temperature, _ = self._model.generate_with_fallback(
            encoded, self.prompt, self.tokenizer, self._options(beam_size)
        )
        return self._said(result, avg_logprob, temperature)

    def _said(self, result: ctranslate2.models.WhisperGenerationResult, avg_logprob: float, temperature: float) -> Said:
        tokens = list(result.sequences_ids[0])
        text = self.tokenizer.decode(tokens).strip()
        return Said(
            tokens,
            text,
            avg_logprob,
            result.no_speech_prob,
            whisper.get_compression_ratio(text),
            temperature,
        )

    def _options(self, beam_size: int) -> whisper.TranscriptionOptions:
        temperature = self._asked.temperature
        return whisper.TranscriptionOptions(
            beam_size=beam_size,
            best_of=_BEST_OF,
            patience=1,
            length_penalty=1,
            repetition_penalty=1,
            no_repeat_ngram_size=0,
            log_prob_threshold=gates.LOG_PROBABILITY,
            no_speech_threshold=gates.NO_SPEECH,
            compression_ratio_threshold=gates.COMPRESSION,
            condition_on_previous_text=False,
            prompt_reset_on_temperature=0.5,
            temperatures=list(_FALLBACKS) if temperature is None else [temperature],
            initial_prompt=None,
            prefix=None,
            suppress_blank=True,
            suppress_tokens=self.suppressed,
            without_timestamps=False,
            max_initial_timestamp=1.0,
            word_timestamps=self._asked.word_timestamps,
            prepend_punctuations=PREPENDED,
            append_punctuations=APPENDED,
            multilingual=False,
            max_new_tokens=None,
            clip_timestamps="0",
            hallucination_silence_threshold=None,
            hotwords=None,
        )
