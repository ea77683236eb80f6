"""Checkpoints that another key signed: what a lost and silently replaced key file leaves behind, told from a forgery
under the log's own name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from dancu.audit import note
from dancu.audit.models import Report


def stranger(text: str, verifier: note.Verifier) -> tuple[str, int] | None:
    """(name, size) of a well-formed checkpoint of another name than the log's key; None of anything else."""
    try:
        said, signatures = note.split_note(text)
        name, size = said.split("\n")[:2]
        foreign = name != verifier.name and any(s.name == name for s in signatures)
        return (name, int(size)) if foreign else None
    except ValueError:
        return None


class Strangers:
    """Gathers such checkpoints and reports them by key: one replaced file is one finding, not one a minute."""

    def __init__(self) -> None:
        self._sizes: dict[str, list[int]] = defaultdict(list)

    def take(self, text: str, verifier: note.Verifier) -> bool:
        """Is it a stranger's? Then it is kept for the report."""
        found = stranger(text, verifier)
        if found:
            self._sizes[found[0]].append(found[1])
        return found is not None

    def report_stored(self, report: Report, verifier: note.Verifier, own_sizes: Iterable[int]) -> None:
        """Of the database: which entries they stand over, and whether the log's own key has vouched for these since."""
        ours = sorted(own_sizes)
        for name, sizes in self._sizes.items():
            first, last = min(sizes), max(sizes)
            where = {"name": name, "own": verifier.name, "first": first, "last": last, "count": len(sizes)}
            if covered := next((size for size in ours if size >= last), None):
                report.add(
                    "checkpoint.foreign_key",
                    "Từ kích thước {first} đến {last} có {count} mốc ký bằng khóa tên {name}, không phải khóa {own} của nhật"
                    " ký: tệp keys/audit.key đã bị thay trong khoảng đó. Mốc của khóa đúng ở kích thước {covered} bao trùm"
                    " các mục ấy: nếu không có phát hiện nào khác thì không mục nào bị sửa.",
                    **where, covered=covered,
                )  # fmt: skip
            else:
                report.add(
                    "checkpoint.foreign_key",
                    "Từ kích thước {first} đến {last} có {count} mốc ký bằng khóa tên {name}, không phải khóa {own} của nhật"
                    " ký: tệp keys/audit.key đã bị thay. Các mục sau kích thước {sound} chưa được khóa của nhật ký chứng"
                    " nhận. Hãy phục hồi keys/audit.key từ bản sao lưu.",
                    **where, sound=max(ours, default=0),
                )  # fmt: skip

    def report_remembered(self, report: Report, verifier: note.Verifier) -> None:
        for name, sizes in self._sizes.items():
            report.add(
                "checkpoint.not_ours",
                "Có {count} mốc đã ghi nhớ (kích thước {first} đến {last}) do khóa tên {name} ký, không phải khóa {own} của"
                " nhật ký này: mốc của nhật ký khác, hoặc tệp keys/audit.key đã bị thay trong khoảng đó.",
                name=name, own=verifier.name, first=min(sizes), last=max(sizes), count=len(sizes),
            )  # fmt: skip
