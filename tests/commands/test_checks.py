"""Vendored files are what the manifest says."""

import hashlib
from pathlib import Path

import pytest

from config.devtools import checks


@pytest.fixture
def static(tmp_path: Path) -> Path:
    (tmp_path / "vendor" / "lib").mkdir(parents=True)
    (tmp_path / "vendor" / "lib" / "lib.js").write_text("one")
    (tmp_path / "vendor" / "lib" / "LICENSE").write_text("free")
    digest = hashlib.sha256(b"one").hexdigest()
    (tmp_path / "vendor" / "MANIFEST").write_text(
        f"# file package version licence sha256\nvendor/lib/lib.js lib 1.0 MIT {digest}\n"
    )
    return tmp_path


def test_this_clones_assets_are_whole():
    assert checks.asset_problems(checks.STATIC) == []


def test_an_untouched_file_passes(static):
    assert checks.asset_problems(static) == []


def test_a_changed_file_is_named(static):
    (static / "vendor" / "lib" / "lib.js").write_text("two")

    assert checks.asset_problems(static) == ["vendor/lib/lib.js is not the file that static/vendor/MANIFEST names"]


def test_a_missing_file_is_named(static):
    (static / "vendor" / "lib" / "lib.js").unlink()

    assert checks.asset_problems(static) == ["vendor/lib/lib.js is missing"]


def test_a_file_that_nobody_vouches_for_is_named(static):
    (static / "vendor" / "lib" / "extra.js").write_text("?")

    assert checks.asset_problems(static) == ["vendor/lib/extra.js is not in static/vendor/MANIFEST"]
