"""Mail addresses: what is one, and whom the operator lets jobs write to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field

from playhead.errors import RecipientForbiddenError

if TYPE_CHECKING:
    from email_validator import ValidatedEmail


def parsed(address: str, *, named: bool = False) -> ValidatedEmail:
    """The parts of an address; ``named``, of one that may have a name beside it: ``Ann <ann@example.com>``.

    Raises:
        ValueError: it is none.
    """
    # Loaded for the first address: that takes a moment, and most processes never see one.
    from email_validator import SPECIAL_USE_DOMAIN_NAMES, validate_email

    # Whether there is such a mailbox is for the mail server to say: in a network of one's own, nas.local may have some.
    SPECIAL_USE_DOMAIN_NAMES.clear()
    return validate_email(address, allow_display_name=named, check_deliverability=False, globally_deliverable=False)


def _normalized(address: str) -> str:
    found = parsed(address)
    if "=?" in found.local_part:
        raise ValueError("an address with =? in it would be taken for an encoded word: nobody has one")
    return found.normalized


Mailbox = Annotated[
    str,
    Field(max_length=254, examples=["ann@example.com"], json_schema_extra={"format": "email"}),
    AfterValidator(_normalized),
]
"""An address without a name beside it, as RFC 5322 and RFC 6531 have it: nothing that a header could break at."""


def on_the_wire(address: str) -> str:
    """The address as any mail server takes it, in ASCII; as it is, where letters before the ``@`` forbid that."""
    found = parsed(address)
    return found.ascii_email or f"{found.local_part}@{found.ascii_domain}"


def require_permitted(addresses: Iterable[str], patterns: Sequence[str]) -> None:
    """Let all of these be written to, where any may be or each matches a pattern.

    Raises:
        RecipientForbiddenError: one may not. It does not say who may: that is for the operator to tell.
    """
    wanted = [pattern.lower() for pattern in patterns]
    for address in addresses:
        # Not folded further: faß.example and fass.example are two domains.
        forms = {address.lower(), on_the_wire(address).lower()}
        if wanted and not any(fnmatchcase(form, pattern) for form in forms for pattern in wanted):
            message = (
                f"Mail may not be sent to {address}. The operator can allow it: PLAYHEAD_MAIL__ALLOWED_RECIPIENTS."
            )
            raise RecipientForbiddenError(message, field="mail.to")
