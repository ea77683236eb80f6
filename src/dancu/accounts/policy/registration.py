"""When an application of level 1 approves itself, and why not. Pure: the check has gathered what is known."""

from __future__ import annotations

from typing import Final

from dancu.accounts.models.application import Found
from dancu.accounts.rules import Rule
from dancu.kit.i18n import N_

# Why an application waits for an officer; shown at the desk, never to the applicant (they were told the same as everybody).
REASONS: Final[dict[str, str]] = {
    "number_unknown": N_("Không có số định danh này trong cơ sở dữ liệu dân cư"),
    "dead": N_("Người mang số này đã được khai tử"),
    "name_differs": N_("Họ tên khác với dữ liệu dân cư"),
    "name_close": N_("Họ tên gần giống dữ liệu dân cư"),
    "birth_differs": N_("Ngày sinh khác với dữ liệu dân cư"),
    "birth_close": N_("Ngày sinh gần giống dữ liệu dân cư"),
    "birth_unknown": N_("Dữ liệu dân cư chưa có ngày sinh đầy đủ"),
    "account_exists": N_("Đã có tài khoản định danh"),
    "another_open": N_("Đã có một hồ sơ khác đang chờ"),
    "phone_taken": N_("Số điện thoại đang dùng cho tài khoản khác"),
    "subscriber_differs": N_("Số điện thoại đứng tên người khác"),
    "subscriber_unknown": N_("Chưa kiểm tra được chủ thuê bao"),
    "under_age": N_("Chưa đủ tuổi tự đăng ký, cần cha, mẹ hoặc người giám hộ"),
    "guardian_unproved": N_("Dữ liệu dân cư chưa ghi người nộp là cha, mẹ hoặc người giám hộ"),
    "of_age": N_("Đã đủ tuổi tự đăng ký, không cần người giám hộ nộp thay"),
    "no_card": N_("Chưa có thẻ căn cước còn hạn"),
    "busy": N_("Nhiều hồ sơ từ cùng một nơi hoặc cho cùng một số"),
    "portrait_unchecked": N_("Ảnh chân dung chưa được kiểm tra tự động"),
}

# With these nobody is approved by a click: the account would not be theirs, or the law does not give one.
BARS: Final = frozenset({"number_unknown", "dead", "account_exists", "phone_taken", "under_age"})

# With these whose application it is stands in doubt: whoever approves says how it was settled.
DOUBTS: Final = frozenset({"name_differs", "name_close", "birth_differs", "birth_close", "birth_unknown", "subscriber_differs", "guardian_unproved"})


# With these the officer compares the picture that was sent with the one the state has: who handed it in is in doubt.
FACES: Final = DOUBTS | {"subscriber_unknown", "another_open", "busy", "portrait_unchecked"}


def reasons(found: Found, rule: Rule) -> tuple[str, ...]:
    """Why an officer must look; empty where the case is clear."""
    if not found.number_known:
        return ("number_unknown",)
    why = []
    if not found.alive:
        why.append("dead")
    if found.has_account:
        why.append("account_exists")
    if found.another_open:
        why.append("another_open")
    why += [f"name_{_word(found.name)}"] if found.name != "yes" else []
    why += [f"birth_{_word(found.birth, unknown=True)}"] if found.birth != "yes" else []
    why += _age(found, rule)
    if found.phone_taken:
        why.append("phone_taken")
    if not found.by_guardian and found.subscriber != "match":
        why.append("subscriber_differs" if found.subscriber == "differs" else "subscriber_unknown")
    if found.busy:
        why.append("busy")
    if not found.portrait_checked:
        why.append("portrait_unchecked")
    return tuple(why)


def _word(agreement: str, *, unknown: bool = False) -> str:
    return "close" if agreement == "close" else "unknown" if agreement == "unknown" and unknown else "differs"


def _age(found: Found, rule: Rule) -> list[str]:
    grown = found.age is not None and found.age >= rule.own_age
    if found.by_guardian:
        if grown:
            return ["of_age"]
        return [] if found.guardian_proved else ["guardian_unproved"]
    if not grown and found.age is not None:
        return ["under_age"]
    return ["no_card"] if rule.card_needed and not found.card_valid else []


def may_approve(why: tuple[str, ...]) -> bool:
    """May an officer approve it, having looked?"""
    return not BARS & set(why)


def needs_faces(why: tuple[str, ...]) -> bool:
    """Does the decision need the reference portrait? Not where nobody is approved whatever it shows, nor where no doubt is left."""
    return may_approve(why) and bool(FACES & set(why))


def needs_remark(why: tuple[str, ...]) -> bool:
    """Must the officer who approves write how the doubt was settled? Also where the registry has no valid card, without which the law
    gives no account: one that was just issued may not be there yet."""
    return bool((DOUBTS | {"no_card"}) & set(why))
