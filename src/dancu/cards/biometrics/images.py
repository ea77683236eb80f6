"""Pictures, in the child process: only what a camera makes, nothing of it kept but the pixels."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS: Final = ("JPEG", "PNG", "WEBP")
#: Most pixels decoded; phones of today make 12 to 50 million, sixteen-bit layers and animations never.
MOST_PIXELS: Final = 60_000_000
#: Longest side kept, in pixels; the matcher works on 112.
KEPT_SIDE: Final = 1200
JPEG_QUALITY: Final = 90


class Refused(Exception):
    """The picture cannot be used; the argument is the last part of the error's code."""


def open_picture(data: bytes) -> Image:
    """The first frame, upright and RGB, at most KEPT_SIDE long. Raises Refused: "type", "pixels", "broken"."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            picture = Image.open(io.BytesIO(data), formats=FORMATS)
            picture.draft("RGB", (2 * KEPT_SIDE, 2 * KEPT_SIDE))  # JPEG decodes smaller at once
            upright = ImageOps.exif_transpose(picture)
            upright = upright.convert("RGB")
        except (Image.DecompressionBombWarning, Image.DecompressionBombError):
            raise Refused("pixels") from None
        except UnidentifiedImageError:
            raise Refused("type") from None
        except (OSError, SyntaxError, ValueError, EOFError, TypeError, IndexError, KeyError, MemoryError):
            raise Refused("broken") from None
    upright.thumbnail((KEPT_SIDE, KEPT_SIDE))
    return upright


def jpeg(picture: Image) -> bytes:
    """The picture as JPEG, without any metadata."""
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=JPEG_QUALITY, optimize=True)
    return out.getvalue()


def png(picture: Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def pixels(picture: Image) -> Any:
    """BGR array as OpenCV has it."""
    import numpy

    return numpy.ascontiguousarray(numpy.asarray(picture)[:, :, ::-1])
