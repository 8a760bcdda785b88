# syntax=docker/dockerfile:1
# One file, two images: `api` (which also migrates) and `worker`. docs/compose.md says how they are used.
ARG PYTHON_VERSION=3.12

# A virtual environment without pip: the pip outside works on it (PIP_PYTHON) and never reaches an image that runs.
FROM python:${PYTHON_VERSION}-slim AS venv
ENV PIP_PYTHON=/venv/bin/python PIP_REQUIRE_HASHES=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv --without-pip /venv \
    # Behind site-packages on the path, so that no folder of ours can shadow a library.
    && echo /app > "$(/venv/bin/python -c 'import site; print(site.getsitepackages()[0])')/playhead.pth"
COPY --chmod=755 deploy/playhead /venv/bin/playhead

# Nearly a third of the api's libraries is debug information of compiled modules, which nothing reads at run time.
FROM venv AS venv-api
RUN apt-get update && apt-get install -y --no-install-recommends binutils
COPY requirements/api.txt /requirements/
RUN --mount=type=cache,target=/root/.cache/pip \
    pip install --no-compile -r /requirements/api.txt \
    && find /venv -name '*.so' -exec strip --strip-debug {} + \
    # The user of the image may not write, so what is not compiled here is compiled anew at every start.
    && python -m compileall -q --invalidation-mode unchecked-hash /venv/lib

FROM venv AS venv-worker
ARG CUDA=0
COPY requirements/worker.txt requirements/cuda.txt /requirements/
RUN --mount=type=cache,target=/root/.cache/pip \
    pip install --no-compile -r /requirements/worker.txt \
    && if [ "$CUDA" = 1 ]; then \
        pip install --no-compile -r /requirements/cuda.txt \
        && ln -s /venv/lib/python*/site-packages/nvidia/cublas/lib /venv/cublas; fi \
    && python -m compileall -q --invalidation-mode unchecked-hash /venv/lib
# Extras by name, each with a lock: "piper", "speakers", or both.
ARG EXTRAS=""
COPY requirements/piper.txt requirements/speakers.txt /requirements/
RUN --mount=type=cache,target=/root/.cache/pip \
    for extra in $EXTRAS; do pip install --no-compile -r "/requirements/$extra.txt" || exit; done \
    && if [ -n "$EXTRAS" ]; then python -m compileall -q --invalidation-mode unchecked-hash /venv/lib; fi

FROM venv AS code
COPY playhead /app/playhead
COPY alembic /app/alembic
COPY cli /app/cli

FROM code AS code-api
COPY api /app/api
RUN python -m compileall -q --invalidation-mode unchecked-hash /app

FROM code AS code-worker
COPY worker /app/worker
RUN python -m compileall -q --invalidation-mode unchecked-hash /app

FROM python:${PYTHON_VERSION}-slim AS runtime
# A fixed number, so that files in volumes keep their owner from one image to the next.
RUN groupadd --system --gid 10001 playhead \
    && useradd --system --uid 10001 --gid playhead --home-dir /home/playhead --create-home --shell /usr/sbin/nologin playhead \
    # A new volume takes owner and mode from the folder it is mounted on.
    && install -d -o playhead -g playhead -m 0750 /data /models \
    && install -d /kinds /voices \
    && install -d -o playhead -g playhead -m 0711 /run/playhead
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PLAYHEAD_DATA_DIR=/data
COPY --chmod=755 deploy/secrets /usr/local/bin/playhead-secrets
WORKDIR /app
USER playhead
ENTRYPOINT ["playhead"]

FROM runtime AS worker
# The last two matter where the image was built with CUDA=1, and harm nothing elsewhere.
ENV HF_HOME=/models \
    NUMBA_CACHE_DIR=/tmp/numba \
    PLAYHEAD_WORKER__ALIVE_FILE=/tmp/worker.alive \
    LD_LIBRARY_PATH=/venv/cublas \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility
COPY --from=venv-worker /venv /venv
COPY --from=code-worker /app /app
# Touched at every heartbeat: a worker that hangs, or that lost its database, stops touching it. Not in /data, which
# many workers may share.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --start-interval=1s --retries=3 \
    CMD ["sh", "-c", "test -n \"$(find /tmp/worker.alive -newermt '30 seconds ago')\""]
CMD ["worker"]

FROM runtime AS api
COPY --from=venv-api /venv /venv
COPY --from=code-api /app /app
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --start-interval=1s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/readyz', timeout=4)"]
CMD ["api", "--host", "0.0.0.0", "--port", "8000"]
