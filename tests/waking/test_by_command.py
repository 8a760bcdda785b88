"""A hook that is a command."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from playhead.identity import new_id
from playhead.waking import by_command
from playhead.waking.by_command import CommandHook
from playhead.waking.calls import Call
from playhead.waking.errors import HookError

CALL = Call(new_id(), "gpu", 3, 12.3456)


async def test_the_shell_runs_it_with_what_there_is_to_know_in_its_environment(tmp_path: Path) -> None:
    told = tmp_path / "told"
    names = "$PLAYHEAD_WAKE_QUEUE $PLAYHEAD_WAKE_WAITING $PLAYHEAD_WAKE_OLDEST_AGE_SECONDS"
    await CommandHook(f'echo "{names}" > "{told}" && test -n "$PATH"')(CALL)
    assert told.read_text() == "gpu 3 12.346\n"


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("exit 3", "the command ended with status 3"),
        ("kill -TERM $$", "the command was ended by SIGTERM"),
        ("no-such-program-anywhere", "the command ended with status 127"),
    ],
)
async def test_any_end_but_a_good_one_is_a_failure(command: str, told: str) -> None:
    with pytest.raises(HookError, match=told):
        await CommandHook(command)(CALL)


async def test_a_command_that_cannot_be_run_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(by_command, "SHELL", "/no/such/shell")
    with pytest.raises(HookError, match=r"cannot be run \(No such file or directory\)"):
        await CommandHook("true")(CALL)


async def test_one_that_is_given_up_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    held = tmp_path / "held"
    os.mkfifo(held)
    command = f'exec 3>"{held}"; sleep 1000 & echo started >&3; wait'
    calling = asyncio.create_task(CommandHook(command)(CALL))
    with await asyncio.to_thread(held.open) as pipe:
        assert await asyncio.to_thread(pipe.readline) == "started\n"
        calling.cancel()
        await asyncio.wait([calling])
        # It ends when nobody is left who could write to it.
        assert await asyncio.to_thread(pipe.read) == ""


async def test_what_a_good_command_leaves_running_runs_on(tmp_path: Path) -> None:
    question, answer = tmp_path / "question", tmp_path / "answer"
    os.mkfifo(question)
    os.mkfifo(answer)
    await CommandHook(f'(read word < "{question}"; echo "$word" > "{answer}") & exit 0')(CALL)
    await asyncio.to_thread(question.write_text, "still there?\n")
    assert await asyncio.to_thread(answer.read_text) == "still there?\n"
