"""Drawn portraits for the demonstration: faces of nobody, made from a number, alike enough for the matcher to know one again
and different enough to tell two apart. Each says on the picture that it is made up."""

from __future__ import annotations

import io
import random
from typing import Any, Final

WIDTH, HEIGHT = 480, 600
LABEL: Final = "DEMO"
_SKIN: Final = ((241, 205, 173), (228, 184, 146), (208, 160, 120), (188, 138, 99), (160, 112, 78))
_HAIR: Final = ((24, 20, 18), (46, 32, 24), (84, 84, 88), (170, 168, 165), (70, 44, 28))


def portrait(seed: int, *, again: int = 0) -> bytes:
    """JPEG of the made-up face of this seed; `again`: another photograph of it (light, place, distance)."""
    from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

    own = random.Random(f"face {seed}")  # noqa: S311 (a drawing, no secret)
    scale = 2
    picture = Image.new("RGB", (WIDTH * scale, HEIGHT * scale), _shade((196, 208, 222), own.uniform(0.85, 1.1)))
    face = _Face(own, scale)
    face.draw(picture)
    picture = picture.filter(ImageFilter.GaussianBlur(1.6 * scale)).resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
    grain = Image.effect_noise((WIDTH, HEIGHT), 18).convert("RGB")
    picture = Image.blend(picture, grain, 0.06)
    shot = random.Random(f"{seed} {again}")  # noqa: S311
    if again:
        picture = ImageEnhance.Brightness(picture).enhance(shot.uniform(0.85, 1.15))
        picture = picture.rotate(shot.uniform(-4, 4), resample=Image.Resampling.BICUBIC, fillcolor=(190, 200, 215), translate=(shot.randint(-15, 15), shot.randint(-15, 15)))
    ImageDraw.Draw(picture).text((12, HEIGHT - 22), LABEL, fill=(90, 20, 20))
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=92)
    return out.getvalue()


def _shade(colour: tuple[int, int, int], by: float) -> tuple[int, int, int]:
    red, green, blue = (max(0, min(255, round(part * by))) for part in colour)
    return red, green, blue


class _Face:
    """One face's measures, drawn once."""

    def __init__(self, own: random.Random, scale: int) -> None:
        self.own, self.s = own, scale
        self.cx, self.cy = 240 * scale, 290 * scale
        self.w, self.h = own.uniform(112, 150) * scale, own.uniform(150, 190) * scale
        self.skin, self.hair = own.choice(_SKIN), own.choice(_HAIR)
        self.eye_y = self.cy - own.uniform(0.10, 0.24) * self.h
        self.eye_dx = own.uniform(0.36, 0.52) * self.w
        self.eye_w, self.eye_h = own.uniform(0.15, 0.24) * self.w, own.uniform(0.06, 0.13) * self.w
        self.nose_y = self.cy + own.uniform(0.12, 0.28) * self.h
        self.nose_w = own.uniform(0.12, 0.30) * self.w
        self.mouth_y = self.nose_y + own.uniform(0.2, 0.34) * self.h
        self.mouth_w, self.mouth_h = own.uniform(0.26, 0.52) * self.w, own.uniform(0.05, 0.14) * self.w
        self.long_hair, self.moustache, self.glasses = own.random() < 0.45, own.random() < 0.25, own.random() < 0.35
        self.bald, self.full_beard = not self.long_hair and own.random() < 0.3, not self.long_hair and own.random() < 0.3
        self.brow = own.uniform(0.04, 0.11) * self.w
        self.slant = own.uniform(-0.12, 0.12)

    def draw(self, picture: Any) -> None:
        from PIL import Image, ImageDraw, ImageFilter

        pen = ImageDraw.Draw(picture)
        s, cx, cy, w, h = self.s, self.cx, self.cy, self.w, self.h
        cloth = tuple(self.own.randint(30, 200) for _ in range(3))
        if self.long_hair:
            pen.ellipse((cx - w * 1.25, cy - h * 1.15, cx + w * 1.25, cy + h * 1.35), fill=self.hair)
        pen.ellipse((cx - 200 * s, cy + h * 1.15, cx + 200 * s, cy + h * 1.15 + 420 * s), fill=cloth)
        pen.rectangle((cx - w * 0.42, cy + h * 0.6, cx + w * 0.42, cy + h * 1.35), fill=_shade(self.skin, 0.82))
        if not self.bald:
            pen.ellipse((cx - w * 1.1, cy - h * 1.2, cx + w * 1.1, cy + h * 0.3), fill=self.hair)
        for side in (-1, 1):
            pen.ellipse((cx + side * w - 14 * s, cy - 28 * s, cx + side * w + 14 * s, cy + 30 * s), fill=_shade(self.skin, 0.88))
        pen.ellipse((cx - w, cy - h, cx + w, cy + h), fill=self.skin)
        # Light from one side, shadow on the other and under the brows: a flat disc is no face to the detector.
        shadow = Image.new("L", picture.size, 0)
        dim = ImageDraw.Draw(shadow)
        dim.ellipse((cx - w * 1.3, cy - h, cx - w * 0.45, cy + h), fill=70)
        dim.ellipse((cx - w * 0.5, cy + h * 0.78, cx + w * 0.5, cy + h * 1.2), fill=90)
        for side in (-1, 1):
            ex = cx + side * self.eye_dx
            dim.ellipse((ex - self.eye_w * 1.6, self.eye_y - self.eye_w, ex + self.eye_w * 1.6, self.eye_y + self.eye_w), fill=75)
        dim.polygon(((cx - 8 * s, self.eye_y), (cx - self.nose_w, self.nose_y), (cx - 2 * s, self.nose_y)), fill=70)
        dim.ellipse((cx - self.nose_w, self.nose_y - 4 * s, cx + self.nose_w, self.nose_y + 12 * s), fill=85)
        shadow = shadow.filter(ImageFilter.GaussianBlur(11 * s))
        face_only = Image.new("L", picture.size, 0)
        ImageDraw.Draw(face_only).ellipse((cx - w, cy - h, cx + w, cy + h), fill=255)
        from PIL import ImageChops

        picture.paste(_shade(self.skin, 0.35), (0, 0), ImageChops.multiply(shadow, face_only))
        if self.full_beard:
            pen.chord((cx - w * 0.99, cy - h * 0.99, cx + w * 0.99, cy + h * 0.99), 15, 165, fill=_shade(self.hair, 1.3))
        if not self.bald:
            self._hairline(pen)
        self._eyes(pen)
        self._nose(pen)
        self._mouth(pen)

    def _hairline(self, pen: Any) -> None:
        cx, cy, w, h = self.cx, self.cy, self.w, self.h
        drop = self.own.uniform(0.45, 0.7)
        pen.chord((cx - w * 1.02, cy - h * 1.08, cx + w * 1.02, cy - h * drop + h * 0.35), 180, 360, fill=self.hair)

    def _eyes(self, pen: Any) -> None:
        s = self.s
        for side in (-1, 1):
            ex, ey = self.cx + side * self.eye_dx, self.eye_y
            w, h = self.eye_w, self.eye_h
            pen.ellipse((ex - w, ey - h, ex + w, ey + h), fill=(238, 234, 230))
            iris = h * 1.02
            pen.ellipse((ex - iris, ey - iris, ex + iris, ey + iris), fill=(52, 34, 24))
            pen.ellipse((ex - iris * 0.45, ey - iris * 0.45, ex + iris * 0.45, ey + iris * 0.45), fill=(8, 8, 8))
            pen.ellipse((ex + 2 * s, ey - h * 0.6, ex + 2 * s + 5 * s, ey - h * 0.6 + 5 * s), fill=(250, 250, 250))
            pen.arc((ex - w * 1.06, ey - h * 1.3, ex + w * 1.06, ey + h * 1.3), 190, 350, fill=(30, 22, 18), width=4 * s)
            by = ey - h - 0.16 * self.w
            lift = self.slant * self.w * 0.5
            pen.line(((ex - side * w * 1.15, by + lift), (ex, by - 5 * s), (ex + side * w * 1.25, by + 3 * s - lift)), fill=_shade(self.hair, 0.9), width=round(self.brow))
            if self.glasses:
                pen.ellipse((ex - w * 1.45, ey - w * 1.1, ex + w * 1.45, ey + w * 1.1), outline=(30, 30, 34), width=4 * s)
        if self.glasses:
            pen.line(((self.cx - self.eye_dx + self.eye_w * 1.4, self.eye_y), (self.cx + self.eye_dx - self.eye_w * 1.4, self.eye_y)), fill=(30, 30, 34), width=4 * s)

    def _nose(self, pen: Any) -> None:
        s = self.s
        pen.ellipse((self.cx - self.nose_w * 0.6, self.nose_y - 14 * s, self.cx + self.nose_w * 0.6, self.nose_y + 4 * s), fill=_shade(self.skin, 1.05))
        for side in (-1, 1):
            nx = self.cx + side * self.nose_w * 0.5
            pen.ellipse((nx - 7 * s, self.nose_y - 2 * s, nx + 7 * s, self.nose_y + 6 * s), fill=_shade(self.skin, 0.45))

    def _mouth(self, pen: Any) -> None:
        s, cx, my = self.s, self.cx, self.mouth_y
        lips = _shade((176, 84, 78), self.own.uniform(0.75, 1.1))
        if self.moustache:
            pen.ellipse((cx - self.mouth_w * 1.3, my - 30 * s, cx + self.mouth_w * 1.3, my - 8 * s), fill=_shade(self.hair, 1.4))
        pen.ellipse((cx - self.mouth_w, my - self.mouth_h, cx + self.mouth_w, my + self.mouth_h * 1.2), fill=lips)
        pen.line(((cx - self.mouth_w, my), (cx, my + 2 * s), (cx + self.mouth_w, my)), fill=_shade(lips, 0.4), width=3 * s)
