"""The engines of a worker: real models in child processes, or deterministic stubs."""

from __future__ import annotations

from playhead.engines import Engines
from playhead.settings import Settings


def make_engines(settings: Settings) -> Engines:
    """The engines that ``settings.engines`` asks for. Nothing is started or loaded before its first use.

    Give them back with :meth:`~playhead.engines.Engines.close`.
    """
    if settings.engines == "stub":
        from worker.engines.stubs import StubEngines

        return StubEngines(settings)
    from worker.engines.real import RealEngines

    return RealEngines(settings)
