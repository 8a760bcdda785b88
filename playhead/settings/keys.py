"""Secrets that open something."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, SecretStr


def _unless_blank(key: SecretStr | None) -> SecretStr | None:
    # A file with a line end and nothing else: whoever asked for a key would be told that there is one.
    return key if key and key.get_secret_value().strip() else None


OptionalKey = Annotated[SecretStr | None, AfterValidator(_unless_blank)]
"""A key; a blank one is none."""
