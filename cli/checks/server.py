"""What a server that does not do as it should is graded as: the same for all that are asked."""

from __future__ import annotations

from dataclasses import dataclass

from cli.catalog import masked
from cli.checks.check import Check, broken, doubtful
from cli.checks.model_server import REFUSED_KEY, Answer


@dataclass(frozen=True)
class Server:
    """A server of the settings.

    Attributes:
        name: of its line in the table.
        url: its address.
        url_setting: the variable that holds it.
        key_setting: the variable that holds its key.
        asked_for: what it should give.
    """

    name: str
    url: str
    url_setting: str
    key_setting: str
    asked_for: str = "list of models"

    @property
    def shown(self) -> str:
        """Its address, without a password."""
        return masked(self.url)

    def unsendable_key(self) -> Check:
        """The key could be sent to nobody."""
        remedy = f"Set {self.key_setting} anew, without line breaks, spaces or quotes around it."
        return broken(self.name, "the key holds characters that no key has", remedy)

    def fault(self, answer: Answer) -> Check | None:
        """What is wrong with an answer; None where it is one of success."""
        if answer.fault:
            remedy = f"Start the server, or correct {self.url_setting}."
            return broken(self.name, f"no answer at {self.shown} ({answer.fault})", remedy)
        if answer.status in REFUSED_KEY:
            remedy = f"Set {self.key_setting} to a key of this server."
            return broken(self.name, f"{self.shown} refuses the key ({answer.status})", remedy)
        if answer.leads_to:
            finding = f"{self.shown} leads on to {answer.leads_to}, where no key is sent"
            return broken(self.name, finding, f"Set {self.url_setting} to the address of the server itself.")
        return None if answer.status in range(200, 300) else self._failure(answer.status)

    def _failure(self, status: int) -> Check:
        if status in {404, 405}:
            remedy = f"Is {self.url_setting} right (most end in /v1)? If so, only a job can tell."
            return doubtful(self.name, f"{self.shown} has no {self.asked_for} ({status})", remedy)
        return doubtful(self.name, f"{self.shown} answers {status}: busy, or failing", "Look at its log; try again.")
