"""Input images that can be told apart."""

from __future__ import annotations

from functools import cache

_PIXELS = 512
_GREYS = (64, 128, 192)


def distinct(count: int) -> tuple[str, ...]:
    """So many different small PNGs as data URIs, at most three."""
    return _made()[:count]


@cache
def _made() -> tuple[str, ...]:
    import base64  # only edits need it
    import io

    from PIL import Image

    made = []
    for (
        grey
    ) in _GREYS:  # a grey picture is a tenth of a coloured one: a command that shows a finding stays readable
        buffer = io.BytesIO()
        Image.new("L", (_PIXELS, _PIXELS), grey).save(buffer, "PNG", optimize=True)
        made.append("data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii"))
    return tuple(made)
