"""What organisations type into the portal, read into what the services take."""

from __future__ import annotations

import json
from typing import Any

from dancu.access import service as access
from dancu.kit.i18n import N_
from dancu.kit.web import Form, FormErrors
from dancu.oidc.models import AuthMethod, Profile
from dancu.oidc.service.registration import Wish
from dancu.sharing.models import Agreement, Terms

PROFILES = (
    (Profile.FAPI2, N_("Mức cao (FAPI 2.0)"), N_("Ứng dụng giữ khóa riêng, mã truy cập gắn với khóa. Nên chọn cho dịch vụ mới.")),
    (Profile.BASIC, N_("Cơ bản (OpenID Connect)"), N_("Ứng dụng chạy trên máy chủ, giữ một mật khẩu.")),
    (Profile.PUBLIC, N_("Công khai"), N_("Ứng dụng trên điện thoại hoặc trong trình duyệt, không giữ được bí mật.")),
)
#: How an application proves itself, where the usual one of its kind is not meant.
METHODS = (
    ("", N_("Theo loại ứng dụng")),
    (AuthMethod.PRIVATE_KEY_JWT, N_("Khóa riêng (private_key_jwt)")),
    (AuthMethod.TLS, N_("Chứng thư do tổ chức chứng thực cấp (tls_client_auth)")),
    (AuthMethod.SELF_SIGNED_TLS, N_("Chứng thư tự ký, khóa có trong JWKS")),
)
#: Nothing ticked: what the kind of application usually needs.
GRANT_WORDS = {
    "authorization_code": N_("Người dân đăng nhập trên trình duyệt"),
    "refresh_token": N_("Dùng tiếp sau khi mã truy cập hết hạn"),
    "client_credentials": N_("Ứng dụng tự gọi, không thay mặt ai"),
    "urn:ietf:params:oauth:grant-type:device_code": N_("Thiết bị không có trình duyệt, như ki-ốt ở quầy"),
    "urn:openid:params:grant-type:ciba": N_("Hỏi người dân trên điện thoại của họ (CIBA)"),
    "urn:ietf:params:oauth:grant-type:token-exchange": N_("Gọi tiếp cơ quan khác với mục đích của người dân"),
}
PROFILE_WORDS = {code: words for code, words, _ in PROFILES}
LABELS = {
    "name": N_("Tên ứng dụng"), "redirect_uris": N_("Địa chỉ quay lại"), "profile": N_("Loại ứng dụng"),
    "jwks": N_("Khóa công khai (JWKS)"), "jwks_uri": N_("Hoặc địa chỉ của bộ khóa"), "tls_subject": N_("Tên chủ thể của chứng thư"),
    "grant_types": N_("Cách dùng"), "scopes": N_("Phạm vi của chính ứng dụng"), "sector": N_("Nhóm ứng dụng"), "sector_identifier_uri": N_("Hoặc địa chỉ của nhóm (sector_identifier_uri)"),
    "ciba_notification_uri": N_("Địa chỉ nhận tin người dân đã trả lời"), "claims": N_("Thông tin cần nhận"), "purposes": N_("Mục đích và căn cứ pháp lý"),
    "level_min": N_("Mức tài khoản cần có"), "detail_types": N_("Loại yêu cầu chi tiết"), "reason": N_("Lý do"),
}  # fmt: skip


def read_wish(form: Form, errors: FormErrors, org_code: str, org_name: str) -> Wish:
    """The registration a form asks for; what cannot be read is added to `errors`."""
    profile = form.choice("profile", {str(code): words for code, words, _ in PROFILES}, errors)
    return Wish(
        name=form.required("name", errors), name_en=form.value("name_en"), org_code=org_code, org_name=org_name,
        profile=Profile(profile) if profile else Profile.BASIC, redirect_uris=_lines(form.value("redirect_uris")),
        jwks=read_jwks(form, errors) if form.value("jwks") else None, jwks_uri=form.value("jwks_uri"),
        auth_method=AuthMethod(method) if (method := form.value("auth_method")) in list(AuthMethod) else None,
        tls_subject=form.value("tls_subject"), sector=form.value("sector"), sector_identifier_uri=form.value("sector_identifier_uri"), scopes=tuple(form.value("scopes").split()),
        subject_type="public" if form.checked("same_subject") else "pairwise",
        grant_types=frozenset(one for one in form.values("grant_types") if one in GRANT_WORDS),
        ciba_notification_uri=form.value("ciba_notification_uri"), userinfo_signed=form.checked("userinfo_signed"),
        post_logout_redirect_uris=_lines(form.value("post_logout_redirect_uris")),
        backchannel_logout_uri=form.value("backchannel_logout_uri"), detail_types=tuple(dict.fromkeys(form.value("detail_types").split())),
        id_token_alg="RS256" if form.checked("id_token_rs256") else "ES256",
    )  # fmt: skip


def read_jwks(form: Form, errors: FormErrors) -> dict[str, Any]:
    """The key set that was pasted; empty, with an error said, where it is none."""
    try:
        found = json.loads(form.value("jwks"))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        errors.add("jwks", "oidc.jwks.json", N_("Không đọc được. Hãy dán nguyên bộ khóa, bắt đầu bằng {start}."), start='{"keys": [')
        return {}
    return found


def read_terms(form: Form) -> Terms:
    """What a form asks to agree on; whether it may be agreed, the sharing room says."""
    chosen = dict(one.split("|", 1) for one in form.values("purposes") if "|" in one)
    return Terms(
        frozenset(form.values("claims")), chosen, consent_needed=form.value("consent") != "law",
        level_min=2 if form.value("level_min") == "2" else 1,
    )  # fmt: skip


def read_version(form: Form) -> int:
    """Which version of the agreement the page showed that is answered now; 0 where it does not say, which none has."""
    text = form.value("version")
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def terms_form(terms: Agreement) -> Form:
    """The form as it stands for an agreement that is to be changed."""
    return Form.of(
        claims=sorted(terms.claims), purposes=[f"{code}|{basis}" for code, basis in terms.purposes.items()],
        consent="ask" if terms.consent_needed else "law", level_min=terms.level_min,
    )  # fmt: skip


def purposes() -> list[tuple[str, str, str]]:
    """(value, purpose, law) of each pair under which data of citizens may be received."""
    return [
        (f"{purpose.code}|{law.code}", purpose.code, law.code) for purpose, laws in access.purposes(serving=("person.release",)) for law in laws
    ]


def _lines(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))
