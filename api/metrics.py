"""``/metrics``: what the database tells at the time of the scrape, what living workers published, and this process."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import structlog
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector
from sqlalchemy.ext.asyncio import AsyncSession

from api.middleware.observe import Requests
from api.services import Services
from playhead.errors import UnavailableError
from playhead.ledger import quarantine, queues, read, workers
from playhead.models import Wake
from playhead.settings import Settings
from playhead.states import State
from playhead.waking import calls

log = structlog.get_logger(__name__)


class Metrics:
    """One application's metrics."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        GCCollector(registry=self._registry)
        self.requests = Requests(self._registry)
        # Anyone may scrape: however many do, they cost the database one connection.
        self._one_at_a_time = asyncio.Lock()

    async def exposition(self, parts: Services) -> bytes:
        """All of it in Prometheus's text format. With the database away only this process is told of."""
        try:
            async with parts.transaction(turn=self._one_at_a_time) as session:
                found = await _from_database(session, parts.settings)
        except UnavailableError:
            found = [_gauge("playhead_database_up", "Whether the database answers", 0)]
        merged = CollectorRegistry()
        merged.register(_Families([*found, *self._registry.collect()]))
        return generate_latest(merged)


class _Families(Collector):
    """Families from several sources; those of one name become one, as the format demands."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families: dict[str, Metric] = {}
        for family in families:
            known = self._families.setdefault(family.name, Metric(family.name, family.documentation, family.type))
            if known.type == family.type:
                known.samples.extend(family.samples)

    def collect(self) -> Iterable[Metric]:
        return self._families.values()


async def _from_database(session: AsyncSession, settings: Settings) -> list[Metric]:
    statuses = await queues.statuses(session)
    counts = await read.counts(session)
    condemned = await quarantine.counts(session)
    wakes = await calls.states(session, settings.wake)
    alive = await workers.living(session, settings.worker.lost_after_seconds)
    up = _gauge("playhead_database_up", "Whether the database answers", 1)
    living = _gauge("playhead_workers", "Living workers", len(alive))
    published = [family for worker in alive for family in _published(worker.name, worker.metrics)]
    jobs = [_of_jobs(counts), *_of_cache(counts)]
    counted = [*_of_queues(statuses), *_of_wakes(wakes.values()), *jobs, _of_quarantine(condemned)]
    return [up, living, *counted, *published]


def _of_queues(statuses: list[queues.QueueStatus]) -> list[Metric]:
    depth = GaugeMetricFamily("playhead_queue_depth", "Jobs that could run now", labels=["queue"])
    running = GaugeMetricFamily("playhead_queue_running", "Jobs running", labels=["queue"])
    oldest = GaugeMetricFamily(
        "playhead_queue_oldest_age_seconds", "How long the oldest queued job has been waiting", labels=["queue"]
    )
    paused = GaugeMetricFamily("playhead_queue_paused", "Whether the queue is paused", labels=["queue"])
    for status in statuses:
        depth.add_metric([status.name], status.depth)
        running.add_metric([status.name], status.running)
        oldest.add_metric([status.name], status.oldest_age_seconds)
        paused.add_metric([status.name], status.paused_at is not None)
    return [depth, running, oldest, paused]


def _of_wakes(wakes: Iterable[Wake]) -> list[Metric]:
    calls_made = CounterMetricFamily("playhead_wake_calls", "Calls of the hook that wakes workers", labels=["queue"])
    failures = CounterMetricFamily("playhead_wake_failures", "Calls of it that failed", labels=["queue"])
    failing = GaugeMetricFamily("playhead_wake_failing", "Whether the last call of it failed", labels=["queue"])
    for wake in wakes:
        calls_made.add_metric([wake.queue], wake.calls)
        failures.add_metric([wake.queue], wake.failures)
        failing.add_metric([wake.queue], wake.error is not None)
    return [calls_made, failures, failing]


def _of_jobs(counts: list[read.Count]) -> Metric:
    jobs = GaugeMetricFamily("playhead_jobs", "Jobs in the ledger", labels=["kind", "state"])
    for count in counts:
        jobs.add_metric([count.kind, count.state], count.jobs)
    return jobs


def _of_cache(counts: list[read.Count]) -> list[Metric]:
    jobs = GaugeMetricFamily(
        "playhead_cached_jobs", "Jobs in the ledger that have the result of another", labels=["kind", "had"]
    )
    saved = GaugeMetricFamily("playhead_saved_audio_seconds", "Audio that they had not to work on", labels=["kind"])
    for count in counts:
        if count.state is State.SUCCEEDED:
            jobs.add_metric([count.kind, "at_submit"], count.answered)
            jobs.add_metric([count.kind, "later"], count.attached)
            saved.add_metric([count.kind], count.saved_audio_seconds)
    return [jobs, saved]


def _of_quarantine(counts: dict[str, int]) -> Metric:
    inputs = GaugeMetricFamily("playhead_quarantined_inputs", "Inputs that killed engines", labels=["kind"])
    for kind, count in counts.items():
        inputs.add_metric([kind], count)
    return inputs


def _gauge(name: str, told: str, value: float) -> Metric:
    return GaugeMetricFamily(name, told, value=value)


def _published(worker: str, text: str) -> list[Metric]:
    """What a worker published with its last heartbeat, each sample labelled with its name."""
    try:
        families = list(text_string_to_metric_families(text))
    except ValueError as error:  # a worker of another version must not take everyone's metrics away
        log.warning("worker_metrics_unreadable", worker=worker, error=str(error))
        return []
    for family in families:
        family.samples = [sample._replace(labels={**sample.labels, "worker": worker}) for sample in family.samples]
    return families
