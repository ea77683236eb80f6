"""A call of a data service by a partner's program, and what refuses one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from dancu.kernel.actor import Actor, ActorKind, Channel, Purpose
from dancu.kernel.clock import vietnam_day
from dancu.kernel.errors import Exceeded, Invalid, NotAllowed
from dancu.kit.i18n import N_
from dancu.sharing.models import SERVICES, DataAgreement

PERMISSIONS = frozenset({"person.verify", "person.release", "person.supply", "residence.prove", "document.check"})


@dataclass(frozen=True, slots=True)
class System:
    """A partner's program as the door knows it. `state`: the partner's. `held_until`: an alert holds it until then."""

    client_no: int
    org_code: str
    name: str
    environment: str
    state: str
    held_until: datetime | None = None

    @property
    def live(self) -> bool:
        return self.environment == "live"


@dataclass(frozen=True, slots=True)
class Certificate:
    """A program's certificate. `spki`: its public key (DER)."""

    client_no: int
    spki: bytes
    not_before: datetime
    not_after: datetime
    revoked: bool

    def holds(self, now: datetime) -> bool:
        return not self.revoked and self.not_before <= now < self.not_after


@dataclass(frozen=True, slots=True)
class Call:
    """A call that was let in: who asks, under which agreement, why. `message_id` works once for each program; `digest`: SHA-256
    of the body as signed; `received`: seconds since 1970. `body`: what was sent, without `context`."""

    client_no: int
    client_id: str
    org_code: str
    org_name: str
    environment: str
    service: str
    message_id: str
    digest: bytes
    received: float
    purpose: str
    legal_basis: str
    case_ref: str
    officer: str
    agreement: DataAgreement
    body: Mapping[str, Any] = field(repr=False)

    @property
    def sandbox(self) -> bool:
        return self.environment == "sandbox"

    @property
    def actor(self) -> Actor:
        return Actor(
            ActorKind.CLIENT, self.client_no, self.org_code, name=self.org_name, request_id=self.message_id, channel=Channel.API,
            permissions=PERMISSIONS,
        )  # fmt: skip

    @property
    def reason(self) -> Purpose:
        return Purpose(self.purpose, self.legal_basis, self.case_ref)

    def demand(self, fields: Iterable[str]) -> None:
        """Raises Refused `agreement.field` unless the agreement covers every field for the call's purpose, `agreement.consent` where the
        law asks for consent to one of them and the service cannot."""
        wanted = frozenset(fields)
        if beyond := wanted - self.agreement.fields_for(self.purpose):
            message = N_("Trường dữ liệu không nằm trong thỏa thuận cho mục đích này: {names}.")
            raise Refused("agreement.field", message, REFUSALS["agreement.field"][0], names=", ".join(sorted(beyond)))
        if not SERVICES[self.agreement.service].asks and self.needing_consent(wanted):
            raise refused("agreement.consent")

    def needing_consent(self, fields: Iterable[str]) -> frozenset[str]:
        """Those of the fields that need the citizen's consent, by the agreement or by the law of the day."""
        return self.agreement.needing_consent(self.purpose, fields, vietnam_day(datetime.fromtimestamp(self.received, UTC)))


@dataclass(slots=True)
class Line:
    """A line of exchange.call, filled in as more is known. `verdict`: "ok" or the code of the refusal."""

    client_no: int
    message_id: str
    org_code: str
    environment: str
    service: str
    digest: bytes
    verdict: str = "ok"
    officer: str = ""
    purpose: str = ""
    legal_basis: str = ""
    case_ref: str = ""
    entries: int = 0
    micros: int = 0


class Refused(NotAllowed):
    """A call that is not answered. `status` and `headers` are the answer's."""

    def __init__(self, code: str, message: str, status: int, headers: Mapping[str, str] | None = None, **params: Any) -> None:
        super().__init__(code, message, **params)
        self.status, self.headers = status, dict(headers or {})


# Code -> (HTTP status, sentence).
REFUSALS: Mapping[str, tuple[int, str]] = {
    "exchange.token": (401, N_("Mã truy cập không có, đã hết hạn hoặc không phải của hệ thống này.")),
    "exchange.certificate": (403, N_("Chứng thư đã hết hạn, bị thu hồi hoặc không do cổng tin cậy chuyển đến.")),
    "exchange.signature": (401, N_("Chữ ký của yêu cầu thiếu hoặc không đúng.")),
    "exchange.digest": (400, N_("Nội dung không khớp với Content-Digest.")),
    "exchange.clock": (400, N_("Giờ ký lệch quá 60 giây. Hãy chỉnh lại đồng hồ máy chủ.")),
    "exchange.message_id": (400, N_("Mã thông điệp (nonce) phải dài 16 đến 64 ký tự, chỉ gồm chữ, số, dấu - và _.")),
    "exchange.replay": (409, N_("Thông điệp này đã được nhận trước đó. Lần hỏi mới cần mã thông điệp mới.")),
    "exchange.malformed": (400, N_("Yêu cầu không đúng dạng.")),
    "exchange.too_large": (413, N_("Nội dung gửi lên quá lớn cho dịch vụ này.")),
    "exchange.context.purpose": (422, N_("Thiếu mục đích (context.purpose).")),
    "exchange.context.legal_basis": (422, N_("Thiếu căn cứ pháp lý (context.legal_basis).")),
    "exchange.context.case_ref": (422, N_("Thiếu mã hồ sơ (context.case_ref).")),
    "exchange.context.officer": (422, N_("Thiếu người thực hiện (context.officer).")),
    "exchange.suspended": (403, N_("Kết nối của đơn vị đang bị tạm dừng hoặc đã chấm dứt.")),
    "exchange.held": (403, N_("Chương trình đang bị tạm giữ để kiểm tra lượt gọi bất thường. Đơn vị vận hành sẽ liên hệ đầu mối an toàn của cơ quan.")),
    "exchange.environment": (403, N_("Hệ thống này chưa được duyệt để dùng dữ liệu thật.")),
    "agreement.none": (403, N_("Chưa có thỏa thuận chia sẻ dữ liệu cho dịch vụ này.")),
    "agreement.expired": (403, N_("Thỏa thuận chia sẻ dữ liệu đã hết hạn.")),
    "agreement.purpose": (403, N_("Mục đích này không nằm trong thỏa thuận.")),
    "agreement.legal_basis": (403, N_("Căn cứ pháp lý này không nằm trong thỏa thuận.")),
    "agreement.field": (403, N_("Có trường dữ liệu không nằm trong thỏa thuận cho mục đích này.")),
    "agreement.consent": (403, N_(
        "Luật yêu cầu người dân đồng ý, mà dịch vụ này không hỏi từng lượt. Hãy dùng dịch vụ có hỏi người dân, theo thỏa thuận cần đồng ý."
    )),
    "agreement.hours": (403, N_("Ngoài giờ được dùng theo thỏa thuận.")),
}


def refused(code: str, headers: Mapping[str, str] | None = None) -> Refused:
    """The refusal with this code."""
    status, message = REFUSALS[code]
    return Refused(code, message, status, headers)


def not_agreed(code: str, agreement: DataAgreement, purpose: str) -> Refused:
    """The refusal with this code of `DataAgreement.permits`, with what was agreed where that tells the caller what to mend."""
    status, _ = REFUSALS[code]
    if code == "agreement.purpose":
        names = ", ".join(sorted(agreement.purposes))
        return Refused(code, N_("Mục đích này không nằm trong thỏa thuận. Đã thỏa thuận: {names}."), status, names=names)
    if code == "agreement.legal_basis":
        agreed = agreement.purposes.get(purpose, "")
        return Refused(code, N_("Căn cứ pháp lý này không nằm trong thỏa thuận. Đã thỏa thuận cho mục đích này: {basis}."), status, basis=agreed)
    if code == "agreement.hours":
        first, after = agreement.hours
        return Refused(code, N_("Ngoài giờ được dùng theo thỏa thuận: từ {first} giờ đến {after} giờ."), status, first=first, after=after)
    return refused(code)


def malformed(code: str, message: str) -> Invalid:
    """A service's own members of the body are wrong."""
    return Invalid(code, message)


def over_quota(seconds: int) -> Exceeded:
    """429 with Retry-After."""
    return Exceeded("exchange.quota", N_("Đã dùng hết số lượt trong ngày theo thỏa thuận. Mở lại lúc 0 giờ, giờ Việt Nam."), seconds=seconds)


__all__ = [
    "REFUSALS", "Call", "Certificate", "Line", "Refused", "System", "malformed", "not_agreed", "over_quota", "refused",
]  # fmt: skip
