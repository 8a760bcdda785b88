"""The service, asked for a transcript as any client would."""

from __future__ import annotations

import httpx

LANGUAGE = "en"
PARAMS = {"language": LANGUAGE, "word_timestamps": False}


async def transcribed(http: httpx.AsyncClient, sound: bytes) -> str:
    """What is said, without times of words: the recording is uploaded, its transcript asked for, and waited for."""
    sent = await http.post("/api/v1/files", files={"file": ("recording.wav", sound)})
    body = {"kind": "transcribe", "input": {"file": sent.raise_for_status().json()["id"]}, "params": PARAMS}
    job = (await http.post("/api/v1/jobs", json=body)).raise_for_status().json()
    while job["finished_at"] is None:
        job = (await http.get(f"/api/v1/jobs/{job['id']}", params={"wait": 60})).raise_for_status().json()
    return str(job["result"]["text"])
