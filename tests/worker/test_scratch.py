from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from worker.scratch import scratch_folder

HOLD = """
import sys
from pathlib import Path
from worker.scratch import scratch_folder
with scratch_folder(Path(sys.argv[1])) as folder:
    (folder / "input").write_bytes(b"a recording")
    print(folder, flush=True)
    sys.stdin.read()
"""


def folders(parent: Path) -> set[Path]:
    return set(parent.glob("worker-*"))


def test_a_folder_goes_with_its_worker(tmp_path: Path) -> None:
    with scratch_folder(tmp_path / "scratch") as folder:
        (folder / "input").touch()
        assert folders(tmp_path / "scratch") == {folder}
    assert folders(tmp_path / "scratch") == set()


def test_a_killed_workers_folder_is_cleared_and_a_living_ones_is_not(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        theirs = Path(other.stdout.readline().strip())
        with scratch_folder(tmp_path) as mine:
            assert folders(tmp_path) == {mine, theirs}
            assert (theirs / "input").read_bytes() == b"a recording"
        other.kill()
        other.wait(20)
        assert folders(tmp_path) == {theirs}
        with scratch_folder(tmp_path) as mine:
            assert folders(tmp_path) == {mine}


def test_workers_that_start_at_once_take_nothing_from_each_other(tmp_path: Path) -> None:
    with ExitStack() as stack, ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: stack.enter_context(scratch_folder(tmp_path)), range(24)))
        assert folders(tmp_path) == set(made)
        assert len(set(made)) == 24


def test_a_worker_starts_while_others_end(tmp_path: Path) -> None:
    """A folder that it means to look into may be gone by then, as is this one."""
    (tmp_path / "worker-gone").symlink_to(tmp_path / "nowhere")
    with scratch_folder(tmp_path) as mine:
        assert mine.is_dir()


def test_workers_that_start_and_end_at_once_are_not_in_each_others_way(tmp_path: Path) -> None:
    def come_and_go(_: int) -> bool:
        with scratch_folder(tmp_path) as mine:
            return mine.is_dir()

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(come_and_go, range(400)))
