from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from qwen_image_mock.pictures import glyphs

DATA = Path(glyphs.__file__).parent / "data"


def test_the_file_is_small_and_its_licence_is_beside_it() -> None:
    assert (DATA / "glyphs.bin").stat().st_size < 1_500_000
    licence = (DATA / "UNIFONT-LICENSE.txt").read_text("utf-8")
    for part in ("https://unifoundry.com/unifont/", "Roman Czyborra", "SIL OPEN FONT LICENSE Version 1.1"):
        assert part in licence


def test_every_assigned_han_character_of_the_first_block_has_a_wide_glyph() -> None:
    assert all(len(glyphs.glyph(chr(code)) or b"") == 32 for code in range(0x4E00, 0x9FA6))


def test_a_glyph_is_one_or_two_halves() -> None:
    sizes = {len(glyphs.glyph(chr(code)) or b"") for code in range(0x20, 0x1FC00, 7)}
    assert sizes == {0, 16, 32}


def test_a_file_of_another_sort_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    other = tmp_path / "other.bin"
    other.write_bytes(b"something else")
    monkeypatch.setattr(glyphs, "_FILE", other)
    with pytest.raises(ValueError, match=r"other\.bin is not a glyph file"):
        glyphs._index.__wrapped__()


def test_importing_reads_no_glyphs() -> None:
    code = (
        "import sys, qwen_image_mock.pictures as p\n"
        "from qwen_image_mock.pictures import glyphs\n"
        "assert glyphs._index.cache_info().currsize == 0\n"
        "assert not {'PIL', 'numpy'} & set(sys.modules)\n"
        "p.render(p.Picture(8, 8, b'k'))\n"
        "assert glyphs._index.cache_info().currsize == 0\n"
    )
    path = str(Path(glyphs.__file__).parents[2])
    subprocess.run([sys.executable, "-c", f"import sys; sys.path.insert(0, {path!r})\n{code}"], check=True)
