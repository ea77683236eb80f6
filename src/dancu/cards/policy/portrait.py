"""Whether a portrait will do, from its measures; each problem says what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dancu.cards.rules import PortraitMeasure
from dancu.kernel.findings import Finding
from dancu.kit.i18n import N_


def problems(measured: Mapping[str, Any], rule: PortraitMeasure) -> tuple[Finding, ...]:
    """What is wrong with the portrait, the most useful first; nothing when it will do. `measured` as `faces.measure`
    gives it. Without a face only that is said: the other measures are of a face."""
    found = []
    if min(measured["width"], measured["height"]) < rule.side:
        found.append(Finding.of("portrait.small", N_("Ảnh quá nhỏ. Hãy dùng ảnh có cạnh ngắn từ {least} điểm ảnh."), least=rule.side))
    if measured["faces"] == 0:
        found.append(Finding.of("portrait.no_face", N_("Không thấy khuôn mặt. Hãy chụp chính diện, đủ sáng, không đeo khẩu trang.")))
        return tuple(found)
    if measured["faces"] > 1:
        found.append(Finding.of("portrait.many_faces", N_("Có {count} khuôn mặt trong ảnh. Hãy chụp riêng một mình."), count=measured["faces"]))
    if measured["side"] < rule.face or measured["ratio"] < rule.ratio:
        found.append(Finding.of("portrait.far", N_("Khuôn mặt quá nhỏ. Hãy đưa máy lại gần.")))
    if measured["margin"] < 0:
        found.append(Finding.of("portrait.cut", N_("Khuôn mặt bị cắt ở mép ảnh. Hãy lùi ra và để mặt ở giữa.")))
    if measured["sharpness"] < rule.sharpness:
        found.append(Finding.of("portrait.blurred", N_("Ảnh bị mờ. Hãy lau ống kính, giữ yên máy và chụp lại.")))
    if measured["brightness"] < rule.dark:
        found.append(Finding.of("portrait.dark", N_("Ảnh quá tối. Hãy quay mặt về phía cửa sổ hoặc bật đèn.")))
    if measured["brightness"] > rule.bright:
        found.append(Finding.of("portrait.bright", N_("Ảnh quá sáng. Hãy tránh nắng hoặc đèn chiếu thẳng vào mặt.")))
    if abs(measured["yaw"]) > rule.yaw:
        found.append(Finding.of("portrait.turned", N_("Mặt đang quay đi. Hãy nhìn thẳng vào máy.")))
    if abs(measured["roll"]) > rule.roll:
        found.append(Finding.of("portrait.tilted", N_("Đầu đang nghiêng. Hãy giữ đầu và máy thẳng.")))
    return tuple(found)
