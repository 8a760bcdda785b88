"""What every translator must do: the stub, and DeepL's own client against a server that speaks its protocol."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio
from pydantic import SecretStr

from playhead.engines import Engines, TranslationOptions, Translator
from playhead.errors import (
    InvalidError,
    ModelUnavailableError,
    PlayheadError,
    QuotaExceededError,
    TooLongError,
    TranslatorUnavailableError,
)
from playhead.languages import VARIANTS
from playhead.rewriting import Question, TranslatorAsk
from playhead.rewriting.windows import windows
from playhead.settings import DeepLSettings, Settings
from tests.engines.deepl_server import KEY, DeepLServer, deepl_server
from worker.engines import make_engines
from worker.engines.translator import TRIES, DeepLTranslator

FRENCH = TranslationOptions(target="fr")


@pytest.fixture
def server() -> Iterator[DeepLServer]:
    with deepl_server() as made:
        yield made


@pytest_asyncio.fixture(params=["stub", "real"], loop_scope="session")
async def engines(request: pytest.FixtureRequest, server: DeepLServer) -> AsyncIterator[Engines]:
    deepl = DeepLSettings(api_key=KEY, server_url=server.url)
    made = make_engines(Settings(engines=request.param, deepl=deepl))
    yield made
    await made.close()


@pytest.fixture
def translator(engines: Engines) -> Translator:
    return engines.translator


@pytest_asyncio.fixture(loop_scope="session")
async def deepl(server: DeepLServer) -> AsyncIterator[DeepLTranslator]:
    """The real one, that waits for nothing between tries."""
    made = DeepLTranslator(DeepLSettings(api_key=KEY, server_url=server.url))
    made._sleep = lambda _: asyncio.sleep(0)
    yield made
    await made.close()


async def test_every_text_is_translated_in_order(translator: Translator) -> None:
    texts = ["Good evening.", "Who is there?", "Who is there?"]
    made = await translator.translate(texts, FRENCH, context="A play.")

    assert translator.available
    assert len(made.texts) == 3
    assert made.texts[1] == made.texts[2] != texts[1]
    assert made.source == "en"


async def test_many_are_translated_at_once(translator: Translator) -> None:
    made = await asyncio.gather(*(translator.translate([f"Text {n}"], FRENCH) for n in range(20)))

    assert len({one.texts[0] for one in made}) == 20


@pytest.mark.parametrize("engines", ["stub", "real"])
async def test_without_a_key_there_is_none(engines: str) -> None:
    settings = Settings(engines="stub" if engines == "stub" else "real")
    made = make_engines(settings)

    assert not made.translator.available
    with pytest.raises(ModelUnavailableError, match="PLAYHEAD_DEEPL__API_KEY"):
        await made.translator.translate(["Hello"], FRENCH)
    await made.close()


@pytest.mark.parametrize(
    ("options", "sent"),
    [
        (FRENCH, {"target_lang": "FR"}),
        (TranslationOptions(target="en", source="no"), {"target_lang": "EN-US", "source_lang": "NB"}),
        (TranslationOptions(target="pt", source="en"), {"target_lang": "PT-PT", "source_lang": "EN"}),
        (TranslationOptions(target="en-GB"), {"target_lang": "EN-GB"}),
        (TranslationOptions(target="zh-Hant"), {"target_lang": "ZH-HANT"}),
        (TranslationOptions(target="no", formality="formal"), {"target_lang": "NB", "formality": "prefer_more"}),
        (TranslationOptions(target="de", formality="informal"), {"target_lang": "DE", "formality": "prefer_less"}),
    ],
)
async def test_deepl_is_asked_in_its_own_terms(
    deepl: DeepLTranslator, server: DeepLServer, options: TranslationOptions, sent: dict[str, Any]
) -> None:
    await deepl.translate(["One.", "Two."], options, context="What stands around")

    (asked,) = server.asked
    assert asked["text"] == ["One.", "Two."]
    assert asked["context"] == "What stands around"
    assert {name: asked.get(name) for name in ("target_lang", "source_lang", "formality")} == (
        {"target_lang": None, "source_lang": None, "formality": None} | sent
    )


@pytest.mark.parametrize("faults", [[429], [503, 500], ["cut"], ["short"], [429, 502, "cut"]])
async def test_what_passes_is_tried_again(deepl: DeepLTranslator, server: DeepLServer, faults: list[int | str]) -> None:
    server.faults = list(faults)

    assert (await deepl.translate(["Hello"], FRENCH)).texts == ["HELLO"]
    assert len(server.asked) == len(faults) + 1


@pytest.mark.parametrize(
    ("faults", "error"),
    [
        ([429] * TRIES, TranslatorUnavailableError),
        ([500] * TRIES, TranslatorUnavailableError),
        (["cut"] * TRIES, TranslatorUnavailableError),
        ([456], QuotaExceededError),
        ([400], InvalidError),
        ([403], ModelUnavailableError),
        ([404], ModelUnavailableError),
        ([413], TooLongError),
    ],
)
async def test_what_does_not_pass_is_said(
    deepl: DeepLTranslator, server: DeepLServer, faults: list[int | str], error: type[PlayheadError]
) -> None:
    server.faults = list(faults)

    with pytest.raises(error):
        await deepl.translate(["Hello"], FRENCH)
    assert len(server.asked) == len(faults)


async def test_the_most_that_may_be_asked_for_fits_into_a_request(deepl: DeepLTranslator, server: DeepLServer) -> None:
    """DeepL takes 128 KiB; its client writes six bytes for each of these letters."""
    ask = TranslatorAsk(deepl, FRENCH)
    texts = ["Ж" * 800] * 500
    first, *_ = windows(texts, range(1, 501), ask)

    await ask.ask(Question(dict.fromkeys(first, texts[0]), before=["Ж" * 50_000], after=["Ж" * 50_000]))

    (asked,) = server.asked
    assert len(json.dumps(asked)) < 128 * 1024
    assert len(first) > 10


async def test_a_long_answer_of_a_fault_is_cut(deepl: DeepLTranslator, server: DeepLServer) -> None:
    server.faults = [400]
    server.said = "why " * 100_000

    with pytest.raises(InvalidError) as refused:
        await deepl.translate(["Hello"], FRENCH)

    assert len(str(refused.value)) < 1000


async def test_the_key_is_in_no_error_though_it_is_quoted(deepl: DeepLTranslator, server: DeepLServer) -> None:
    server.faults, server.said = [400], f"you said: DeepL-Auth-Key {KEY}"

    with pytest.raises(InvalidError, match="you said") as refused:
        await deepl.translate(["Hello"], FRENCH)
    assert KEY not in str(refused.value)


@pytest.mark.parametrize("key", ["a-se\ncret", "a-secr\u00e9t", " "])
async def test_a_key_that_no_header_holds_is_refused_and_not_told(server: DeepLServer, key: str) -> None:
    made = DeepLTranslator(DeepLSettings(api_key=SecretStr(key), server_url=server.url))

    with pytest.raises(ModelUnavailableError, match="PLAYHEAD_DEEPL__API_KEY") as refused:
        await made.translate(["Hello"], FRENCH)
    await made.close()
    assert "a-se" not in str(refused.value)


async def test_a_key_from_a_file_may_end_in_a_line_end(server: DeepLServer) -> None:
    made = DeepLTranslator(DeepLSettings(api_key=SecretStr(f"{KEY}\n"), server_url=server.url))

    assert (await made.translate(["Hello"], FRENCH)).texts == ["HELLO"]
    await made.close()


def test_the_variants_that_may_be_wanted_are_those_of_deepl() -> None:
    import deepl

    known = {code for name, code in vars(deepl.Language).items() if name.isupper() and "-" in code}
    assert VARIANTS.keys() == known


async def test_a_language_that_deepl_does_not_know_is_the_fault_of_the_params(deepl: DeepLTranslator) -> None:
    with pytest.raises(InvalidError, match="'la'") as refused:
        await deepl.translate(["Hello"], TranslationOptions(target="la"))
    assert refused.value.field == "params.language"


async def test_a_server_that_is_not_there(server: DeepLServer) -> None:
    url = server.url.rpartition(":")[0] + ":9"
    made = DeepLTranslator(DeepLSettings(api_key=KEY, server_url=url))
    made._sleep = lambda _: asyncio.sleep(0)

    with pytest.raises(TranslatorUnavailableError):
        await made.translate(["Hello"], FRENCH)
    await made.close()


async def test_of_a_canceled_call_nobody_waits_any_longer(deepl: DeepLTranslator, server: DeepLServer) -> None:
    server.hold.clear()
    job = asyncio.create_task(deepl.translate(["Hello"], FRENCH))
    await asyncio.to_thread(server.arrived.acquire)

    job.cancel()

    with pytest.raises(asyncio.CancelledError):
        await job
