"""The languages that Whisper knows, by ISO 639-1 code (where there is none, by what Whisper calls them)."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

# What a recording without speech is in: the ISO 639 code for "undetermined".
UNDETERMINED = "und"

LANGUAGES: dict[str, str] = {
    "af": "Afrikaans",
    "am": "Amharic",
    "ar": "Arabic",
    "as": "Assamese",
    "az": "Azerbaijani",
    "ba": "Bashkir",
    "be": "Belarusian",
    "bg": "Bulgarian",
    "bn": "Bengali",
    "bo": "Tibetan",
    "br": "Breton",
    "bs": "Bosnian",
    "ca": "Catalan",
    "cs": "Czech",
    "cy": "Welsh",
    "da": "Danish",
    "de": "German",
    "el": "Greek",
    "en": "English",
    "es": "Spanish",
    "et": "Estonian",
    "eu": "Basque",
    "fa": "Persian",
    "fi": "Finnish",
    "fo": "Faroese",
    "fr": "French",
    "gl": "Galician",
    "gu": "Gujarati",
    "ha": "Hausa",
    "haw": "Hawaiian",
    "he": "Hebrew",
    "hi": "Hindi",
    "hr": "Croatian",
    "ht": "Haitian Creole",
    "hu": "Hungarian",
    "hy": "Armenian",
    "id": "Indonesian",
    "is": "Icelandic",
    "it": "Italian",
    "ja": "Japanese",
    "jw": "Javanese",
    "ka": "Georgian",
    "kk": "Kazakh",
    "km": "Khmer",
    "kn": "Kannada",
    "ko": "Korean",
    "la": "Latin",
    "lb": "Luxembourgish",
    "ln": "Lingala",
    "lo": "Lao",
    "lt": "Lithuanian",
    "lv": "Latvian",
    "mg": "Malagasy",
    "mi": "Maori",
    "mk": "Macedonian",
    "ml": "Malayalam",
    "mn": "Mongolian",
    "mr": "Marathi",
    "ms": "Malay",
    "mt": "Maltese",
    "my": "Burmese",
    "ne": "Nepali",
    "nl": "Dutch",
    "nn": "Norwegian Nynorsk",
    "no": "Norwegian",
    "oc": "Occitan",
    "pa": "Punjabi",
    "pl": "Polish",
    "ps": "Pashto",
    "pt": "Portuguese",
    "ro": "Romanian",
    "ru": "Russian",
    "sa": "Sanskrit",
    "sd": "Sindhi",
    "si": "Sinhala",
    "sk": "Slovak",
    "sl": "Slovenian",
    "sn": "Shona",
    "so": "Somali",
    "sq": "Albanian",
    "sr": "Serbian",
    "su": "Sundanese",
    "sv": "Swedish",
    "sw": "Swahili",
    "ta": "Tamil",
    "te": "Telugu",
    "tg": "Tajik",
    "th": "Thai",
    "tk": "Turkmen",
    "tl": "Tagalog",
    "tr": "Turkish",
    "tt": "Tatar",
    "uk": "Ukrainian",
    "ur": "Urdu",
    "uz": "Uzbek",
    "vi": "Vietnamese",
    "yi": "Yiddish",
    "yo": "Yoruba",
    "yue": "Cantonese",
    "zh": "Chinese",
}

VARIANTS: dict[str, str] = {
    "en-GB": "British English",
    "en-US": "American English",
    "es-419": "Latin American Spanish",
    "pt-BR": "Brazilian Portuguese",
    "pt-PT": "European Portuguese",
    "zh-Hans": "Chinese in simplified characters",
    "zh-Hant": "Chinese in traditional characters",
}
"""What a language may be written as, by BCP 47 tag: the variants that DeepL tells apart."""
_TAGS = {tag.lower(): tag for tag in VARIANTS}

# Written without spaces between words, so segments join without one too.
UNSPACED = frozenset({"bo", "ja", "km", "lo", "my", "th", "yue", "zh"})


def join_segments(texts: list[str], language: str) -> str:
    """The texts of consecutive segments as one running text."""
    return ("" if language in UNSPACED else " ").join(text for text in texts if text)


def known_language(code: str) -> str:
    """The code itself.

    Raises:
        ValueError: there is no such language.
    """
    if code not in LANGUAGES:
        message = f"no language {code!r}: give an ISO 639-1 code such as 'en'"
        raise ValueError(message)
    return code


Language = Annotated[str, AfterValidator(known_language)]
"""A field of params that names a language."""


def variant(tag: str) -> str:
    """The code of a language, or the tag of a variant in its usual capitals.

    Raises:
        ValueError: there is neither.
    """
    found = _TAGS.get(tag.lower(), tag)
    if found not in LANGUAGES and found not in VARIANTS:
        message = f"no language {tag!r}: give an ISO 639-1 code such as 'en', or one of {', '.join(VARIANTS)}"
        raise ValueError(message)
    return found


def language_of(tag: str) -> str:
    """The code of the language that a variant is one of; of a language, its own."""
    return tag.partition("-")[0]


def name_of(tag: str) -> str:
    """The English name of a language or a variant."""
    return LANGUAGES.get(tag) or VARIANTS[tag]


Variant = Annotated[str, AfterValidator(variant)]
"""A field of params that names a language, or a variant of one."""
