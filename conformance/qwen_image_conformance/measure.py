"""What a delivered file really is: decoded whole by Pillow."""

from __future__ import annotations

import hashlib
import io
import warnings

from PIL import Image, UnidentifiedImageError

from qwen_image_conformance.exchange import Delivered

_MOST_PIXELS = 16384 * 16384


def measure(
    data: bytes, *, url: str = "", inline: bool = False, status: int = 200, content_type: str = ""
) -> Delivered:
    """Decode a picture; `error` says why it is none."""
    digest = hashlib.sha256(data).hexdigest()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data)) as image:
                if image.width * image.height > _MOST_PIXELS:
                    return Delivered(
                        url, inline, status, content_type, digest, error="too many pixels to decode"
                    )
                image.load()
                return Delivered(
                    url, inline, status, content_type, digest, image.format or "", image.width, image.height
                )
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        return Delivered(
            url, inline, status, content_type, digest, error=f"not a whole picture: {str(error)[:100]}"
        )
