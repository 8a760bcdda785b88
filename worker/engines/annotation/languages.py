"""Which languages can be annotated, and by what."""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path

from playhead.errors import ModelUnavailableError
from playhead.languages import LANGUAGES

# Ours are Whisper's; others divide or join some of them.
_OTHER_NAMES = {"no": "nb", "bs": "hbs", "hr": "hbs", "sr": "hbs"}

_SIMPLEMMA = (
    *("ar", "ast", "bg", "ca", "cs", "cy", "da", "de", "el", "en", "enm", "eo", "es", "et", "fa", "fi", "fr", "ga"),
    *("gd", "gl", "grc", "gv", "hbs", "he", "hi", "hu", "hy", "id", "is", "it", "ka", "la", "lb", "lt", "lv", "mk"),
    *("ml", "ms", "nb", "nl", "nn", "pl", "pt", "ro", "ru", "se", "sk", "sl", "sq", "sv", "sw", "tl", "tr", "uk"),
)
SIMPLEMMA = frozenset(_SIMPLEMMA)
"""What simplemma 2 has word lists of; that is not asked, since the worker loads no library of its engines."""

# Suffixes of spaCy's models, the larger ones last.
_SIZES = ("sm", "md", "lg", "trf")


def installed() -> dict[str, list[str]]:
    """The spaCy models that are installed as packages, by language, the largest first."""
    names = sorted(one.name for one in entry_points(group="spacy_models"))
    models: dict[str, list[str]] = {}
    for name in sorted(names, key=_size, reverse=True):
        models.setdefault(name.split("_", 1)[0], []).append(name)
    return models


def model_for(language: str, chosen: dict[str, str]) -> str | None:
    """Name or folder of the spaCy model for a language, ``chosen`` or installed; None where there is none.

    Raises:
        ModelUnavailableError: the chosen one is not there.
    """
    models = installed()
    if language not in chosen:
        found = models.get(spoken_as(language, models), [])
        return found[0] if found else None
    name = chosen[language]
    if Path(name).is_dir():
        return name
    every = [one for names in models.values() for one in names]
    found = [one for one in every if one == name] or [one for one in every if one.startswith(f"{name}_")]
    if not found:
        known = ", ".join(every) or "none"
        raise ModelUnavailableError(
            f"The spaCy model {Path(name).name!r} of PLAYHEAD_ANNOTATION__MODELS is not installed (there is: {known}). "
            f"Install it on the worker: pip install {Path(name).name.replace('_', '-')}"
        )
    return found[0]


def known_languages(chosen: dict[str, str]) -> list[str]:
    """ISO 639-1 codes of all that can be annotated, of those that Playhead knows."""
    models = {*installed(), *chosen}
    return [one for one in LANGUAGES if one in models or spoken_as(one, models | SIMPLEMMA) in models | SIMPLEMMA]


def spoken_as(language: str, names: set[str] | frozenset[str] | dict[str, list[str]]) -> str:
    """What a language is called among ``names``."""
    return language if language in names else _OTHER_NAMES.get(language, language)


def _size(name: str) -> tuple[int, bool]:
    sizes = [_SIZES.index(part) for part in name.split("_") if part in _SIZES]
    return (max(sizes, default=-1), "_core_" in name)
