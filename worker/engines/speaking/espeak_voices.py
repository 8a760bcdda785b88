"""The voices of espeak-ng, as its data describe them: a small text file for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from playhead.engines.synthesis import Voice
from playhead.languages import LANGUAGES

# Lower is more usual; where a file names none.
_USUAL_RANK = 5


@dataclass(frozen=True)
class EspeakVoice:
    """One of them.

    Attributes:
        file: by which the library finds every one of them; by their codes it does not.
        codes: languages that it speaks, the first as it is best known by, with a rank each: the lowest of a language is
            its usual voice.
    """

    file: str
    codes: tuple[tuple[str, int], ...]

    @property
    def voice(self) -> Voice:
        """As everybody knows it."""
        return Voice(engine="espeak", name=self.codes[0][0], language=self._language())

    def _language(self) -> str:
        bases = [code.partition("-")[0] for code, _ in self.codes]
        return next((one for one in bases if one in LANGUAGES), bases[0])

    def rank(self, language: str) -> int | None:
        """How usual it is for a language; None where it does not speak that."""
        return next((rank for code, rank in self.codes if code == language), None)


@cache
def installed(data: Path) -> Sequence[EspeakVoice]:
    """All of them, by their names."""
    folder = data / "lang"
    found = (_read(path, folder) for path in sorted(folder.rglob("*")) if path.is_file())
    return sorted((one for one in found if one.codes), key=lambda one: one.codes[0][0])


def named(data: Path, code: str) -> EspeakVoice | None:
    """The one that is usual for a code; None where there is none."""
    ranked = [(rank, one) for one in installed(data) if (rank := one.rank(code.lower())) is not None]
    return min(ranked, key=lambda one: one[0])[1] if ranked else None


@cache
def variants(data: Path) -> frozenset[str]:
    """What can be added to a voice's name after a `+`: another throat."""
    return frozenset(path.name for path in (data / "voices" / "!v").iterdir())


def _read(path: Path, folder: Path) -> EspeakVoice:
    codes = []
    for line in path.read_text(errors="replace").splitlines():
        words = line.split()
        if len(words) > 1 and words[0] == "language":
            codes.append((words[1].lower(), int(words[2]) if words[2:3] and words[2].isdigit() else _USUAL_RANK))
    return EspeakVoice(path.relative_to(folder).as_posix(), tuple(codes))
