"""The look's promises that a computer can check: contrast, nothing fetched from elsewhere, built files up to date."""

import hashlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STATIC, TEMPLATES = ROOT / "static", ROOT / "templates"
TOKEN = re.compile(r"--([\w-]+):\s*light-dark\((#[0-9a-f]{6}),\s*(#[0-9a-f]{6})\)")
TOKENS = {name: (light, dark) for name, light, dark in TOKEN.findall((STATIC / "css/tokens.css").read_text())}

OURS = sorted([*TEMPLATES.rglob("*.html"), *STATIC.glob("css/*.css"), *STATIC.glob("js/*.js")])

TEXT, GRAPHIC = 4.5, 3.0
PAIRS = [
    *[(ink, ground, TEXT) for ink in ("ink", "ink-2", "ink-3") for ground in ("paper", "surface", "surface-2")],
    *[("ink-2", ground, TEXT) for ground in ("surface-3", "bubble-in", "bubble-agent", "bubble-bot", "bubble-note")],
    *[("ink", ground, TEXT) for ground in ("bubble-in", "bubble-agent", "bubble-bot", "bubble-note", "surface-3")],
    *[("ink-3", ground, TEXT) for ground in ("bubble-note", "accent-soft")],
    *[("ink-2", "accent-soft", TEXT), ("accent", "paper", TEXT), ("accent", "surface", TEXT)],
    *[("on-accent", "accent", TEXT), ("on-accent", "accent-hover", TEXT), ("accent-ink", "accent-soft", TEXT)],
    *[("on-danger", "danger", TEXT), ("on-danger", "danger-hover", TEXT)],
    *[("danger-ink", ground, TEXT) for ground in ("danger-soft", "paper", "surface")],
    *[(f"{tone}-ink", f"{tone}-soft", TEXT) for tone in ("sofia", "warning", "success", "info", "plum")],
    *[("sofia-ink", "paper", TEXT), ("warning-ink", "paper", TEXT)],
    *[("line-strong", ground, GRAPHIC) for ground in ("paper", "surface")],
    *[("tick-read", "bubble-agent", GRAPHIC), ("tick-read", "bubble-bot", GRAPHIC)],
]


def luminance(color: str) -> float:
    channels = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.03928 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, two: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(two)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize(("front", "back", "least"), PAIRS)
def test_colours_meet_wcag_aa_in_light_and_dark(front, back, least):
    for theme in (0, 1):
        assert contrast(TOKENS[front][theme], TOKENS[back][theme]) >= least, ("light", "dark")[theme]


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.name)
def test_pages_fetch_nothing_from_elsewhere_and_run_no_inline_script(path):
    text = path.read_text()

    assert not re.search(r"""(src|href|action)=["'](https?:)?//(?!www\.openstreetmap\.org)""", text)
    assert not re.search(r"(@import|url\()\s*['\"]?https?:", text)
    assert not re.search(r"<script(?![^>]*\bsrc=)", text)
    assert not re.search(r"\son[a-z]+\s*=\s*[\"']", text)
    if path.name != "500.html":
        assert "<style" not in text and not re.search(r"\sstyle=", text)


def test_every_icon_that_a_template_names_is_in_the_sprite():
    sprite = set(re.findall(r'<symbol id="([\w-]+)"', (STATIC / "icons/sprite.svg").read_text()))
    named = {
        name
        for path in TEMPLATES.rglob("*.html")
        for name in re.findall(r"""\{% icon ["']([\w-]+)["']""", path.read_text())
    }

    assert named
    assert named <= sprite


def test_vendored_files_are_what_the_manifest_says():
    for line in (STATIC / "vendor/MANIFEST").read_text().splitlines():
        if not line.startswith("#"):
            name, _package, _version, _licence, sha256 = line.split()
            assert hashlib.sha256((STATIC / name).read_bytes()).hexdigest() == sha256, name


def test_the_web_chat_is_built_from_its_source():
    source = (ROOT / "frontend/widget/widget.js").read_bytes()

    assert hashlib.sha256(source).hexdigest() in (STATIC / "widget/v1.js").read_text().splitlines()[0]


def test_the_web_chat_never_writes_html():
    source = (ROOT / "frontend/widget/widget.js").read_text()

    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", source)
