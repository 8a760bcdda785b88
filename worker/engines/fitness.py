"""Whether a job's options fit the model that is to do it."""

from __future__ import annotations

from playhead.engines import SpeechOptions
from playhead.errors import InvalidError
from playhead.languages import LANGUAGES


def require_fitting(options: SpeechOptions, model: str, *, multilingual: bool) -> None:
    """Refuse options that ``model`` cannot honour, before any of its time is spent.

    Raises:
        InvalidError: an unknown language, or another language or a translation asked of an English-only model.
    """
    _require_known_language(options)
    if not multilingual:
        _require_english(options, model)


def english_only(model: str) -> bool:
    """Whether the model's name says that it knows English alone (``tiny.en``)."""
    return model.rstrip("/").endswith(".en")


def _require_known_language(options: SpeechOptions) -> None:
    if options.language is not None and options.language not in LANGUAGES:
        message = f"There is no language {options.language!r}. Give an ISO 639-1 code such as `en`, or leave it out."
        raise InvalidError(message, field="params.language")


def _require_english(options: SpeechOptions, model: str) -> None:
    if options.language not in {None, "en"}:
        message = f"The model {model} knows English only. Choose a multilingual model, or leave `language` out."
        raise InvalidError(message, field="params.language")
    if options.task == "translate":
        message = f"The model {model} knows English only and cannot translate. Choose a multilingual model."
        raise InvalidError(message, field="params.task")
