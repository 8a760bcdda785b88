"""Documents on their way out of the house."""

from __future__ import annotations

from playhead.delivering.letters import letter_of
from playhead.delivering.params import Mail, Webhook
from playhead.delivering.posts import media_type_of

__all__ = ["Mail", "Webhook", "letter_of", "media_type_of"]
