"""How long to wait before a part that died is started again."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Backoff:
    """Not at all for one that lived a while or died once; doubling, up to a cap, for one that keeps dying young.

    Attributes:
        young_seconds: a life shorter than this counts as an early death.
        base_seconds: the delay after the second early death in a row.
        cap_seconds: the longest delay.
    """

    young_seconds: float = 10.0
    base_seconds: float = 0.25
    cap_seconds: float = 5.0
    _early: int = 0

    def after(self, lived_seconds: float) -> float:
        """The delay, in seconds, after a life of ``lived_seconds``."""
        self._early = self._early + 1 if lived_seconds < self.young_seconds else 0
        if self._early <= 1:
            return 0.0
        # The exponent is bounded too: a part may die all night.
        return float(min(self.cap_seconds, self.base_seconds * 2 ** min(self._early - 2, 16)))
