"""What work costs, as ``/metrics`` tells it: through HTTP, with a real worker."""

from __future__ import annotations

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from playhead.settings import Settings, StubSettings
from tests.api.conftest import recording, submit
from tests.api.test_cache import ended
from worker.heartbeat import Heartbeat
from worker.main import working
from worker.runner import Runner

SEGMENTS, SEGMENT_SECONDS = 4, 5.0


async def published(runner: Runner) -> None:
    """Of a run it is counted what it cost once its end is written, and published with the next heartbeat."""
    await runner._idle()
    await Heartbeat(runner, runner.database, sign_of_life=runner.scratch / "alive").beat()


async def told(client: httpx.AsyncClient) -> dict[tuple[str, *tuple[str, ...]], float]:
    """The values of all samples of transcriptions, by their names and those of their other labels."""
    families = text_string_to_metric_families((await client.get("/metrics")).text)
    samples = [sample for family in families for sample in family.samples if sample.labels.get("kind") == "transcribe"]
    return {(sample.name, *sorted(sample.labels.keys() - {"kind"})): sample.value for sample in samples}


async def test_metrics_tell_what_a_run_cost_and_what_another_saved(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    settings.engines, settings.stub = "stub", StubSettings(segments=SEGMENTS, seconds_per_segment=0.001)
    file = await client.post("/api/v1/files", files={"file": ("talk.wav", recording(), "audio/wav")})
    source = {"file": file.json()["id"]}
    async with working(settings) as runner:
        job = await ended(client, await submit(client, input=source))
        again = await submit(client, input=source)
        await published(runner)
        metrics = await told(client)
    assert again["cached_from"] == job["id"]
    assert metrics["playhead_gpu_seconds_total", "worker"] == pytest.approx(job["gpu_seconds"])
    assert metrics["playhead_gpu_seconds_total", "worker"] == pytest.approx(SEGMENTS * 0.001)
    assert metrics["playhead_audio_seconds_total", "worker"] == job["audio_seconds"] == SEGMENTS * SEGMENT_SECONDS
    assert metrics["playhead_realtime_factor_count", "worker"] == 1, "what was answered at once was no run"
    assert metrics["playhead_realtime_factor_sum", "worker"] > SEGMENTS * 0.001 / job["audio_seconds"]
    assert metrics["playhead_saved_audio_seconds",] == job["audio_seconds"]
