"""Markdown as a web page that stands alone, or as a letter: it loads nothing, runs nothing, and prints well."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it.token import Token

BLOCKS = {"h1", "h2", "h3", "h4", "p", "ul", "ol", "blockquote"}
TAGS = {*BLOCKS, "li", "a", "em", "strong", "code", "pre", "hr", "br", "sup"}
_RIGHT_TO_LEFT = re.compile(r"[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]")
_SOURCE = re.compile(r"^(\d+)\\?\. ")

STYLE = """
:root { color-scheme: light dark; --line: #8885; --soft: #777; --link: #0b62c4; }
@media (prefers-color-scheme: dark) { :root { --link: #7ab8ff; --soft: #aaa; } }
body { font: 1.05rem/1.6 Georgia, "Times New Roman", serif; max-width: 42rem; margin: 3rem auto; padding: 0 1.25rem; }
h1, h2, h3, h4 { font-family: system-ui, sans-serif; line-height: 1.25; text-wrap: balance; }
h1 { font-size: 2rem; margin: 0 0 1.5rem; }
h2 { font-size: 1.3rem; margin: 2.5rem 0 .75rem; padding-top: 1rem; border-top: 1px solid var(--line); }
h3 { font-size: 1.05rem; margin: 1.75rem 0 .5rem; }
h4 { font-size: .95rem; margin: 1.25rem 0 .25rem; color: var(--soft); }
li { margin: .35rem 0; }
a { color: var(--link); text-decoration: none; }
a:hover, a:focus { text-decoration: underline; }
:target { background: color-mix(in srgb, var(--link) 15%, transparent); }
@media print {
  @page { margin: 2cm; }
  body { max-width: none; margin: 0; padding: 0; font-size: 11pt; color: #000; }
  h2, h3, h4 { break-after: avoid; }
  li, p { orphans: 3; widows: 3; }
  a { color: inherit; }
}
"""

PAGE = """\
<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
{body}</main>
</body>
</html>
"""


LETTER = """\
<!doctype html>
<html>
<head>
<meta charset="utf-8">
<title>{title}</title>
</head>
<body>
<div style="{style}">
{body}</div>
</body>
</html>
"""
"""Programs that show mail drop style sheets, or let them out on what stands around the letter."""
LETTER_STYLE = (
    "font: 16px/1.5 Georgia, 'Times New Roman', serif; max-width: 40em; margin: 0 auto; padding: 1em; "
    "overflow-wrap: anywhere;"
)
_HEADINGS = {
    "h1": "font-size: 26px; margin: 0 0 20px;",
    "h2": "font-size: 20px; margin: 36px 0 12px; padding-top: 16px; border-top: 1px solid #8885;",
    "h3": "font-size: 17px; margin: 28px 0 4px;",
    "h4": "font-size: 14px; margin: 16px 0 4px; color: #777;",
}
_HEADING = re.compile("<(h[1-4])(?=[ >])")


def page(markdown: str, title: str, language: str | None) -> str:
    """The page. Headings of the third level that begin with a number can be linked to as ``#source-<number>``."""
    return PAGE.format(
        language=escape(language or "", quote=True), title=escape(title), style=STYLE, body=fragment(markdown)
    )


def letter(markdown: str, title: str) -> str:
    """The letter."""
    body = _HEADING.sub(_styled, fragment(markdown))
    return LETTER.format(title=escape(title), style=LETTER_STYLE, body=body)


def fragment(markdown: str) -> str:
    """What stands in a page, without what stands around it."""
    # Loaded for the first page: most processes never make one.
    import nh3
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False})
    tokens = parser.parse(markdown)
    for heading, inline in pairwise(tokens):
        if heading.type == "heading_open" and heading.tag == "h3" and (found := _SOURCE.match(inline.content)):
            heading.attrSet("id", f"source-{found[1]}")
    if _RIGHT_TO_LEFT.search(markdown):
        _let_run_as_they_are_written(tokens)
    made = parser.renderer.render(tokens, parser.options, {})
    return nh3.clean(
        made,
        tags=TAGS,
        attributes={"a": {"href"}, **{tag: {"dir"} for tag in BLOCKS}, "h3": {"dir", "id"}},
        url_schemes={"http", "https"},
        link_rel="noopener",
    )


def _styled(heading: re.Match[str]) -> str:
    return f'{heading[0]} style="font-family: system-ui, Arial, sans-serif; line-height: 1.25; {_HEADINGS[heading[1]]}"'


def _let_run_as_they_are_written(tokens: Sequence[Token]) -> None:
    for token in tokens:
        if token.nesting == 1 and token.tag in BLOCKS:
            token.attrSet("dir", "auto")
