"""The translations' files, without GNU gettext: Django reads the templates, Babel the Python, Babel writes.

A catalogue names its sources by file alone and carries no dates, so that it changes only where a text does.
"""

import html
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.plurals import get_plural
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation.template import templatize

LANGUAGES = ("es", "en", "pt")
# The texts in the code are English: an English catalogue may stay empty.
TRANSLATED = ("es", "pt")
SOURCES = ("apps", "config", "templates")
_KEYWORDS: dict[str, tuple[int | tuple[int, str], ...] | None] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
_TEMPLATE_SUFFIXES = frozenset({".html", ".txt", ".svg"})
_PLACEHOLDER = re.compile(r"%\(\w+\)[#0\- +]*[\d.]*[a-zA-Z]|%[#0\- +]*[\d.]*[diouxXeEfFgGcrs]|\{\w*\}")
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
_HEADER = """msgid ""
msgstr ""
"Language: {language}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals={count}; plural={formula};\\n"

"""

Key = tuple[str | tuple[str, ...], str | None]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One text of one language that is not as it should be."""

    language: str
    what: str
    text: str

    def __str__(self) -> str:
        return f"{self.language}: {self.what}: {self.text!r}"


def po_path(language: str) -> Path:
    """Where the language's catalogue lies."""
    return Path(settings.LOCALE_PATHS[0]) / language / "LC_MESSAGES" / "django.po"


def extract_texts(root: Path) -> Catalog:
    """Every text marked for translation below the root's source folders, with the files it is in."""
    found = Catalog(charset="utf-8")
    for path in _source_files(root):
        where = path.relative_to(root).as_posix()
        source = path.read_text()
        if path.suffix in _TEMPLATE_SUFFIXES:
            source = _tokens_of_template(source, where)
        for line, texts, comments, context in extract("python", BytesIO(source.encode()), keywords=_KEYWORDS):
            if texts and texts != ("", ""):
                found.add(texts, None, [(where, line)], auto_comments=comments, context=context)
    for message in found:
        message.locations = [(where, 0) for where in sorted({where for where, _line in message.locations})]
    return found


def merged(texts: Catalog, language: str) -> Catalog:
    """The texts with the translations that the language's file has for them; what is obsolete is left out."""
    known = _by_key(_read(language))
    catalog = _empty(language)
    for message in texts:
        if not message.id:
            continue
        earlier = known.get(key_of(message))
        string = earlier.string if earlier else None
        flags = earlier.flags if earlier else ()
        catalog.add(
            message.id,
            string,
            [(where, line) for where, line in message.locations],
            flags=set(flags) & {"fuzzy"},
            user_comments=earlier.user_comments if earlier else (),
            context=message.context,
        )
    return catalog


def text_of(catalog: Catalog, language: str) -> str:
    """The catalogue as its file holds it."""
    plural = get_plural(language)
    out = BytesIO()
    write_po(out, catalog, width=116, omit_header=True, sort_output=True, include_lineno=False)
    header = _HEADER.format(language=language, count=plural.num_plurals, formula=plural.plural_expr)
    return header + out.getvalue().decode().strip() + "\n"


def faults_of(texts: Catalog, language: str) -> Iterator[Fault]:
    """What is missing from a language's file or wrong in it."""
    present, wanted = _by_key(_read(language)), _by_key(texts)
    for key, message in sorted(wanted.items(), key=lambda item: str(item[0])):
        if key not in present:
            yield Fault(language=language, what="not collected", text=_shown(message))
        elif language in TRANSLATED:
            yield from _faults_of_message(present[key], language)
    for key in sorted(set(present) - set(wanted), key=str):
        yield Fault(language=language, what="obsolete", text=_shown(present[key]))


def compile_catalog(language: str, *, force: bool = False) -> bool:
    """Write the machine's form beside the file where it is older or missing; True if it was written."""
    source = po_path(language)
    target = source.with_suffix(".mo")
    if not source.exists():
        return False
    if not force and target.exists() and target.stat().st_mtime_ns >= source.stat().st_mtime_ns:
        return False
    out = BytesIO()
    write_mo(out, _read(language))
    scratch = target.with_name(f".{target.name}.{os.getpid()}")
    scratch.write_bytes(out.getvalue())
    scratch.replace(target)
    return True


def key_of(message: Message) -> Key:
    """What makes two messages the same text: its words and its context."""
    return (tuple(message.id) if isinstance(message.id, list | tuple) else str(message.id), message.context)


def _read(language: str) -> Catalog:
    """The language's file without its obsolete lines; empty where there is no file."""
    path = po_path(language)
    if not path.exists():
        return _empty(language)
    with path.open("rb") as source:
        return read_po(source, locale=language, ignore_obsolete=True)


def _by_key(catalog: Catalog) -> dict[Key, Message]:
    """The messages without the header, which Babel counts as one."""
    return {key_of(message): message for message in catalog if message.id}


def _empty(language: str) -> Catalog:
    return Catalog(locale=language, charset="utf-8", fuzzy=False)


def _source_files(root: Path) -> Iterator[Path]:
    for folder in SOURCES:
        for path in sorted((root / folder).rglob("*")):
            is_source = path.suffix == ".py" or (path.suffix in _TEMPLATE_SUFFIXES and "templates" in path.parts)
            if is_source and "migrations" not in path.parts and path.is_file():
                yield path


def _tokens_of_template(source: str, where: str) -> str:
    """Django's own reading of a template; its indentation means nothing and would disturb Python's tokenizer."""
    return "\n".join(line.strip() for line in templatize(source, origin=where).splitlines())


def _faults_of_message(message: Message, language: str) -> Iterator[Fault]:
    ids, strings = _forms(message.id), _forms(message.string)
    shown = _shown(message)
    if message.fuzzy:
        yield Fault(language=language, what="fuzzy", text=shown)
    expected = get_plural(language).num_plurals if len(ids) > 1 else 1
    if len(strings) < expected or not all(strings):
        yield Fault(language=language, what="untranslated", text=shown)
        return
    for string in strings:
        # A singular may leave the number out: "one lead" instead of "%(count)d lead".
        if not any(_marks(string) == _marks(one) for one in ids) and not (
            len(ids) > 1 and string == strings[0] and _marks(string) <= _marks(ids[-1])
        ):
            yield Fault(language=language, what="placeholders differ", text=shown)
        if not any(_tags(string) == _tags(one) for one in ids):
            yield Fault(language=language, what="markup differs", text=shown)
        if _edges(string) != _edges(ids[0]):
            yield Fault(language=language, what="spaces or line ends differ at the edges", text=shown)


def _forms(texts: object) -> tuple[str, ...]:
    """The singular and the plurals, or the one text alone."""
    return tuple(str(text or "") for text in texts) if isinstance(texts, tuple | list) else (str(texts or ""),)


def _marks(text: str) -> Counter[str]:
    return Counter(_PLACEHOLDER.findall(text.replace("%%", "")))


def _tags(text: str) -> Counter[str]:
    return Counter(_TAG.findall(html.unescape(text)))


def _edges(text: str) -> tuple[bool, bool]:
    return text[:1].isspace(), text[-1:].isspace()


def _shown(message: Message) -> str:
    return _forms(message.id)[0]


def all_faults(texts: Catalog, languages: Iterable[str] = LANGUAGES) -> list[Fault]:
    """The faults of every language."""
    return [fault for language in languages for fault in faults_of(texts, language)]
