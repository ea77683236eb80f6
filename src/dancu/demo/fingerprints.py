"""Made-up fingerprints: ridges grown along the field of a loop, minutiae where they meet. Nobody's."""

from __future__ import annotations

import io
from typing import Any


def print_of(seed: int, *, turned: float = 0.0, shifted: tuple[int, int] = (0, 0), noise: int = 0) -> bytes:
    """PNG of 500 dpi: the same finger for the same seed, pressed `turned` degrees and `shifted` pixels elsewhere."""
    import numpy as np
    from PIL import Image, ImageFilter

    random = np.random.default_rng(seed)
    height, width = 480, 400
    y, x = np.mgrid[0:height, 0:width].astype(float)
    cx, cy = width / 2 + random.uniform(-25, 25), height / 2 + random.uniform(-25, 25)
    direction = 0.5 * (np.arctan2(y - cy, x - cx) - np.arctan2(y - cy - random.uniform(80, 120), x - cx - random.uniform(-60, 60)))
    direction += np.pi / 2 + random.uniform(-0.3, 0.3)
    image = random.normal(size=(height, width)).astype(np.float32)
    # Gabor filters along the field, again and again, grow ridges out of noise: minutiae come by themselves.
    bank = np.fft.rfft2(
        np.stack([_gabor(angle, 1 / random.uniform(8.6, 9.4)) for angle in np.linspace(0, np.pi, 16, endpoint=False)]).astype(np.float32),
        (height, width),
    )
    index = np.round(np.mod(direction, np.pi) / np.pi * 16).astype(int) % 16
    for _ in range(6):
        layers = np.fft.irfft2(np.fft.rfft2(image) * bank, (height, width))
        layers = np.roll(layers, (-10, -10), axis=(1, 2))
        image = np.tanh(2.0 * np.take_along_axis(layers, index[None], 0)[0] / layers.std())
    inside = ((x - width / 2) / 175) ** 2 + ((y - height / 2) / 215) ** 2 < 1
    grey = np.where(inside, 128 + 110 * image, 255).clip(0, 255).astype(np.uint8)
    picture = Image.fromarray(grey).filter(ImageFilter.GaussianBlur(0.7))
    picture = picture.rotate(turned, fillcolor=255, translate=shifted, resample=Image.Resampling.BICUBIC)
    if noise:
        rough = np.asarray(picture).astype(int) + np.random.default_rng(seed + 1).normal(0, noise, (height, width))
        picture = Image.fromarray(rough.clip(0, 255).astype(np.uint8))
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def _gabor(angle: float, frequency: float, size: int = 21, sigma: float = 4.0) -> Any:
    import numpy as np

    half = size // 2
    y, x = np.mgrid[-half : half + 1, -half : half + 1].astype(float)
    across = -x * np.sin(angle) + y * np.cos(angle)
    kernel = np.exp(-(x**2 + y**2) / (2 * sigma**2)) * np.cos(2 * np.pi * frequency * across)
    return kernel - kernel.mean()
