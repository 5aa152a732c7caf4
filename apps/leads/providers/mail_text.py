"""HTML as the lines that a person reads: what stands in one row of a table stays in one line."""

import re
from html.parser import HTMLParser
from typing import Final

_LINES: Final = frozenset({"p", "div", "br", "tr", "li", "table", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "ul", "ol"})
_CELLS: Final = frozenset({"td", "th", "dt", "dd"})
_TAG: Final = re.compile(r"<[^>]*>")
_UNREAD: Final = frozenset({"script", "style", "head", "title"})


def text_of_html(html: str) -> str:
    """The text, one line for each block or row; cells of a row are parted by a tab."""
    reader = _Reader()
    try:
        reader.feed(html)
        reader.close()
    except AssertionError:  # the standard library's parser on a declaration that is none
        return _TAG.sub(" ", html)
    lines = ("".join(reader.parts)).splitlines()
    tidy = ("\t".join(" ".join(cell.split()) for cell in line.split("\t")).strip() for line in lines)
    return "\n".join(line for line in tidy if line)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._unread = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _UNREAD:
            self._unread += 1
        elif tag in _LINES:
            self.parts.append("\n")
        elif tag in _CELLS:
            self.parts.append("\t")

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNREAD:
            self._unread = max(0, self._unread - 1)
        elif tag in _LINES:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._unread:
            self.parts.append(" ".join(data.split("\n")))

    def unknown_decl(self, data: str) -> None:
        """Outlook writes conditional comments that are no HTML."""
