"""How `playhead worker` reads its options."""

from __future__ import annotations

import pytest

from cli.worker import parse_concurrency, parse_names
from playhead.settings import Settings
from tests.cli.conftest import Run


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[Settings]:
    """With which settings something was begun that would run long; there is a database."""
    monkeypatch.setenv("PLAYHEAD_DATABASE_URL", "postgresql://db/playhead")
    given: list[Settings] = []

    def begin(settings: Settings, *_: object) -> None:
        given.append(settings)
        raise SystemExit(3)

    monkeypatch.setattr("worker.main.serve", begin)
    monkeypatch.setattr("local.up.up", begin)
    monkeypatch.setattr("playhead.observability.configure_logging", lambda _: None)
    return given


def test_names_and_concurrency_are_read() -> None:
    assert parse_names("gpu, cpu") == ["gpu", "cpu"]
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
        ("--exit-when-idle", "0"),
        ("--exit-when-idle", "nan"),
    ],
)
def test_what_cannot_be_is_a_wrong_call(run: Run, option: str, value: str) -> None:
    result = run("worker", option, value)
    assert result.exit_code == 2
    assert option in result.stderr


@pytest.mark.parametrize("command", ["worker", "up"])
@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("QUEUES", '["gpus"]', "there is no queue 'gpus': there are gpu, llm, cpu, io"),
        ("QUEUES", "[]", "it names no queue"),
        ("KINDS", '["speak", "dance"]', "there is no kind 'dance': there are annotate, convert"),
        ("KINDS", "[]", "it names no kind"),
    ],
)
def test_the_same_is_a_wrong_setting(
    run: Run, begun: list[Settings], monkeypatch: pytest.MonkeyPatch, command: str, name: str, value: str, told: str
) -> None:
    monkeypatch.setenv(f"PLAYHEAD_WORKER__{name}", value)
    result = run(command)
    assert (result.exit_code, begun) == (2, [])
    assert f"PLAYHEAD_WORKER__{name}: {told}" in result.stderr


@pytest.mark.parametrize("option", [True, False])
def test_a_worker_that_could_take_no_job_is_told_the_queues_of_its_kinds(
    run: Run, begun: list[Settings], monkeypatch: pytest.MonkeyPatch, *, option: bool
) -> None:
    monkeypatch.setenv("PLAYHEAD_WORKER__KINDS", '["speak", "summarize"]')
    kinds = ["--kinds", "speak,summarize"] if option else []
    result = run("worker", "--queues", "gpu", *kinds)
    assert (result.exit_code, begun) == (2, [])
    named = "--kinds" if option else "PLAYHEAD_WORKER__KINDS"
    assert f"{named}: none of them is done in gpu: speak needs cpu, summarize needs llm" in result.stderr


@pytest.mark.parametrize("command", ["api", "worker"])
def test_a_service_without_a_database_says_what_to_set(run: Run, command: str) -> None:
    result = run(command)
    assert result.exit_code == 1
    assert "PLAYHEAD_DATABASE_URL is not set" in result.stderr


def test_a_typing_error_is_named_at_the_start(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAYHEAD_DATABSE_URL", "postgresql://db/playhead")
    assert "did you mean PLAYHEAD_DATABASE_URL?" in run("worker").stderr


def test_the_options_go_before_the_settings(run: Run, begun: list[Settings], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAYHEAD_WORKER__KINDS", '["dance"]')
    assert run("worker", "--queues", "gpu", "--concurrency", "gpu=1", "--kinds", "transcribe").exit_code == 3
    (settings,) = begun
    assert settings.worker.queues == ["gpu"]
    assert settings.worker.kinds == ["transcribe"]
    assert settings.worker.concurrency["gpu"] == 1
    assert settings.worker.concurrency["io"] == 8
    assert settings.worker.exit_when_idle_seconds is None


def test_a_worker_ends_when_idle_if_told_by_option_or_setting(
    run: Run, begun: list[Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLAYHEAD_WORKER__EXIT_WHEN_IDLE_SECONDS", "600")
    run("worker")
    run("worker", "--exit-when-idle", "1.5")
    assert [settings.worker.exit_when_idle_seconds for settings in begun] == [600, 1.5]
