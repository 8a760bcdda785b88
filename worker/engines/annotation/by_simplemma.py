from __future__ import annotations

from collections.abc import Iterable, Iterator

from simplemma import langdetect, lemmatize, simple_tokenizer, split_sentences

from playhead.engines import Sentence, Token
from worker.engines.annotation.messages import Bit

NAME = "simplemma"
# So large a share of the words must be known in the language, and so much larger a share than in any other.
_SURE, _AHEAD = 0.6, 0.2


def annotate(bits: list[Bit], language: str) -> list[Sentence]:
    """The sentences of some bits of a text: words and lemmas, by rules and word lists."""
    return [
        _sentence(sentence, bit.start + at, language)
        for bit in bits
        for at, sentence in _placed(bit.text, split_sentences(bit.text, language))
    ]


def guess(text: str, languages: list[str]) -> str | None:
    """The language of a text, one of ``languages``; None where it is not sure."""
    shares = [one for one in langdetect(text, tuple(languages)) if one[0] != "unk"]
    best, second = [*sorted(shares, key=lambda one: -one[1]), ("", 0.0), ("", 0.0)][:2]
    return best[0] if best[1] >= _SURE and best[1] - second[1] >= _AHEAD else None


def _sentence(text: str, start: int, language: str) -> Sentence:
    tokens = [
        Token(
            text=word,
            start=start + at,
            end=start + at + len(word),
            lemma=lemmatize(word, language) if any(map(str.isalpha, word)) else word,
            pos=None,
            tag=None,
        )
        for at, word in _placed(text, simple_tokenizer(text))
    ]
    return Sentence(text=text, start=start, end=start + len(text), tokens=tokens, entities=[])


def _placed(text: str, parts: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Where each part stands, one after another; what is not a slice of the text is left out."""
    begin = 0
    for part in parts:
        at = text.find(part, begin)
        if part and at >= 0:
            yield at, part
            begin = at + len(part)
