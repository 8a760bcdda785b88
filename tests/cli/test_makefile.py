"""`make` on machines that lack something."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="there is no make here")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "Makefile", tmp_path)
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    return tmp_path


def python(folder: Path, fails_on: str) -> Path:
    """An interpreter in which ``fails_on`` cannot be run."""
    path = folder / "python"
    path.write_text(f'#!/bin/sh\ncase "$2" in *"{fails_on}"*) exit 1;; esac\n')
    path.chmod(0o755)
    return path


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    program = shutil.which("make") or "make"
    return subprocess.run([program, *arguments], cwd=folder, capture_output=True, text=True, check=False)


def test_help_is_what_make_alone_says() -> None:
    done = make(ROOT)
    assert done.returncode == 0
    for target in ("demo", "setup", "test", "check", "lock", "docs"):
        assert f"\n  make {target} " in f"\n{done.stdout}"


def test_an_old_python_is_named(checkout: Path) -> None:
    done = make(checkout, "demo", f"PYTHON={python(checkout, 'version_info')}")
    assert done.returncode != 0
    assert "is older than Python 3.11" in done.stderr
    assert not (checkout / ".venv").exists()


def test_a_python_without_venv_says_what_to_install(checkout: Path) -> None:
    done = make(checkout, "demo", f"PYTHON={python(checkout, 'ensurepip')}")
    assert done.returncode != 0
    assert "sudo apt install python3-venv" in done.stderr
    assert not (checkout / ".venv").exists()


def test_no_python_at_all_says_what_to_install(checkout: Path) -> None:
    done = make(checkout, "demo", "PYTHON=")
    assert done.returncode != 0
    assert "Playhead needs Python 3.11 or newer" in done.stderr


def test_a_changed_lock_is_installed_and_the_same_is_not(checkout: Path) -> None:
    first = make(checkout, "-n", "demo", "PYTHON=python3").stdout
    (checkout / "requirements" / "local.txt").touch()
    assert make(checkout, "-n", "demo", "PYTHON=python3").stdout == first
    (checkout / "requirements" / "local.txt").write_text("other\n")
    assert make(checkout, "-n", "demo", "PYTHON=python3").stdout != first
