"""How `playhead worker` reads its options."""

from __future__ import annotations

import pytest

from cli.worker import parse_concurrency, parse_queues
from playhead.settings import Settings
from tests.cli.conftest import Run


def test_queues_and_concurrency_are_read() -> None:
    assert parse_queues("gpu, cpu") == ["gpu", "cpu"]
    assert parse_concurrency("gpu=4, llm=8") == {"gpu": 4, "llm": 8}


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--queues", "gpus"),
        ("--queues", ","),
        ("--kinds", "transcribe,dance"),
        ("--kinds", ","),
        ("--concurrency", "gpu"),
        ("--concurrency", "gpu=0"),
        ("--concurrency", "gpu=many"),
        ("--concurrency", "tpu=1"),
    ],
)
def test_what_cannot_be_is_a_wrong_call(run: Run, option: str, value: str) -> None:
    result = run("worker", option, value)
    assert result.exit_code == 2
    assert option in result.stderr


@pytest.mark.parametrize("command", ["api", "worker"])
def test_a_service_without_a_database_says_what_to_set(run: Run, command: str) -> None:
    result = run(command)
    assert result.exit_code == 1
    assert "PLAYHEAD_DATABASE_URL is not set" in result.stderr


def test_a_typing_error_is_named_at_the_start(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAYHEAD_DATABSE_URL", "postgresql://db/playhead")
    assert "did you mean PLAYHEAD_DATABASE_URL?" in run("worker").stderr


def test_the_options_go_before_the_settings(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAYHEAD_DATABASE_URL", "postgresql://db/playhead")
    given: list[Settings] = []

    def work(settings: Settings) -> None:
        given.append(settings)
        raise SystemExit(3)

    monkeypatch.setattr("worker.main.serve", work)
    monkeypatch.setattr("playhead.observability.configure_logging", lambda _: None)
    assert run("worker", "--queues", "gpu", "--concurrency", "gpu=1", "--kinds", "transcribe").exit_code == 3
    (settings,) = given
    assert settings.worker.queues == ["gpu"]
    assert settings.worker.kinds == ["transcribe"]
    assert settings.worker.concurrency["gpu"] == 1
    assert settings.worker.concurrency["io"] == 8
