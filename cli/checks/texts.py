"""What `annotate` knows of languages."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator

from cli.checks.check import Check, broken, fine, note
from playhead.errors import ModelUnavailableError
from playhead.settings import Settings

NAME = "annotation"
REMEDY = "For parts of speech and names, install models of spaCy, e.g. `pip install en_core_web_sm`."


def check_texts(settings: Settings) -> Iterator[Check]:
    """The spaCy models by language; all others have lemmas from simplemma alone."""
    if importlib.util.find_spec("spacy") is None:
        yield note(NAME, "spaCy is not installed: annotate fails", 'To have it: pip install "playhead[worker]".')
        return
    from worker.engines.annotation.languages import installed, known_languages, model_for

    chosen = settings.annotation.models
    found = {}
    for language in sorted({*installed(), *chosen}):
        try:
            found[language] = model_for(language, chosen)
        except ModelUnavailableError as error:
            yield broken(NAME, error.message, f"Install it, or take {language!r} out of PLAYHEAD_ANNOTATION__MODELS.")
    rest = len(set(known_languages(chosen)) - found.keys())
    told = ", ".join(f"{language} ({model})" for language, model in found.items())
    beside = f"by simplemma, lemmas alone: {rest} languages"
    yield fine(NAME, f"by spaCy: {told}; {beside}") if told else note(NAME, f"no model of spaCy; {beside}", REMEDY)
