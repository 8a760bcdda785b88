"""What is asked of a text before any model sees it, of the real annotator and of the stub alike."""

from __future__ import annotations

from collections.abc import Sequence

from playhead.errors import InvalidError, TooLargeError
from playhead.settings import AnnotationSettings


def require_annotatable(text: str, language: str, languages: Sequence[str], settings: AnnotationSettings) -> None:
    """Raise what :meth:`playhead.engines.Annotator.annotate` names."""
    if language not in languages:
        known = ", ".join(languages)
        raise InvalidError(f"Texts in {language!r} cannot be annotated. Known are: {known}.", field="params.language")
    if len(text) > settings.max_characters:
        raise TooLargeError(
            f"The text has {len(text):,} characters, more than the {settings.max_characters:,} allowed. "
            "Cut it into parts."
        )
