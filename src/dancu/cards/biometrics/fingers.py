"""Fingerprints, in the child process: NIST's mindtct makes a template of minutiae, bozorth3 compares two, NFIQ 2 says how
good the picture is. The wheel exists for x86-64 alone; elsewhere `available` is False."""

from __future__ import annotations

import importlib.util
from functools import cache
from typing import Any, Final

from dancu.cards.biometrics.images import Refused, open_picture, png

PPI: Final = 500.0


def available() -> bool:
    return importlib.util.find_spec("nbis") is not None


@cache
def _extractor() -> Any:
    import nbis

    return nbis.new_nbis_extractor(
        nbis.NbisExtractorSettings(
            min_quality=0.0, get_center=False, check_fingerprint=False, compute_nfiq2=True, ppi=PPI
        )
    )


def template(data: bytes) -> tuple[dict[str, Any], list[bytes]]:
    """Template (ISO/IEC 19794-2:2005) of a print of 500 dpi. Head: minutiae (count), quality (NFIQ 2, 0 to 100)."""
    import nbis

    picture = open_picture(data).convert("L")
    try:
        found = _extractor().extract_minutiae(png(picture))
        count = len(found.get())
        quality = found.quality().score
        return {"minutiae": count, "quality": int(quality)}, [found.to_iso_19794_2_2005()]
    except (nbis.NbisError, nbis.InternalError):
        raise Refused("finger") from None


def compare(one: bytes, other: bytes) -> tuple[dict[str, Any], list[bytes]]:
    """Head: score of bozorth3, the higher the more alike."""
    import nbis

    try:
        first, second = (_extractor().load_iso_19794_2_2005(part) for part in (one, other))
        return {"score": int(first.compare(second))}, []
    except (nbis.NbisError, nbis.InternalError):
        raise Refused("finger") from None
