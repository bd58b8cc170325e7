"""Input images that can be told apart."""

from __future__ import annotations

from functools import cache

_PIXELS = 512
_COLOURS = ((176, 58, 46), (46, 134, 193), (40, 180, 99))


def distinct(count: int) -> tuple[str, ...]:
    """So many different small PNGs as data URIs, at most three."""
    return _made()[:count]


@cache
def _made() -> tuple[str, ...]:
    import base64  # only edits need it
    import io

    from PIL import Image

    made = []
    for colour in _COLOURS:
        buffer = io.BytesIO()
        Image.new("RGB", (_PIXELS, _PIXELS), colour).save(buffer, "PNG", optimize=True)
        made.append("data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii"))
    return tuple(made)
