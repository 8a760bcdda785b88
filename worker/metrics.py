"""What a worker counts. Published with each heartbeat, so that the API's ``/metrics`` shows every living worker."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from playhead.ledger.run import Run
from playhead.ledger.settle import Cost

WAIT_BUCKETS = (0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300, 1800, 7200, 43200)
RUN_BUCKETS = (0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 14400)
FACTOR_BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)


class Metrics:
    """The counters of one worker process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._jobs = self._counter("playhead_runs", "Runs by how they ended", "outcome")
        self._audio = self._counter("playhead_audio_seconds", "Audio worked on")
        self._device = self._counter("playhead_gpu_seconds", "Device time used")
        self._wait = self._histogram("playhead_wait_seconds", "From runnable to claimed", WAIT_BUCKETS)
        self._run = self._histogram("playhead_run_seconds", "From claimed to settled", RUN_BUCKETS)
        told = "Run time per second of audio; below 1 is faster than it plays"
        self._factor = self._histogram("playhead_realtime_factor", told, FACTOR_BUCKETS)

    def _counter(self, name: str, told: str, *labels: str) -> Counter:
        return Counter(name, told, ["kind", *labels], registry=self.registry)

    def _histogram(self, name: str, told: str, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(name, told, ["kind"], buckets=buckets, registry=self.registry)

    def ended(self, run: Run, outcome: str, seconds: float, cost: Cost) -> None:
        """Count a run that took this many seconds."""
        self._jobs.labels(run.kind, outcome).inc()
        self._wait.labels(run.kind).observe(run.waited_seconds)
        self._run.labels(run.kind).observe(seconds)
        self._audio.labels(run.kind).inc(cost.audio_seconds)
        self._device.labels(run.kind).inc(cost.gpu_seconds)
        if cost.audio_seconds:
            self._factor.labels(run.kind).observe(seconds / cost.audio_seconds)

    def exposition(self) -> str:
        """All of it in Prometheus's text format."""
        return generate_latest(self.registry).decode()
