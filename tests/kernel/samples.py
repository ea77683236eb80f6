"""Names for tests: common ones, and those of peoples whose names are no Vietnamese syllables."""

from __future__ import annotations

import re

from hypothesis import strategies as st
from viparse.normalize.tcvn3 import TCVN3
from viparse.normalize.vni import VNI

_SURNAMES = """
Nguyễn Trần Lê Phạm Hoàng Huỳnh Phan Vũ Võ Đặng Bùi Đỗ Hồ Ngô Dương Lý Đào Đoàn Vương Trịnh Trương Lâm Mai Tô
Hà Tạ Đinh Châu Lương Tống Cao Thái Lưu Quách Triệu Tôn Từ Kiều Lò Nông Vi Bế Chu Đàm Giàng Sùng Vừ
"""
_MIDDLES = "Văn Thị Hữu Đức Ngọc Minh Quốc Thuý Thúy Xuân Đình Bá Kim Như Thế Công Duy Quý Quỳnh Khánh Hoài"
_GIVENS = """
Anh Ánh Bình Châu Cường Dũng Đạt Đức Giang Hà Hạ Hải Hằng Hiếu Hoà Hòa Hoàng Hùng Hương Khoa Kiệt Lan Linh
Loan Long Mỹ Nam Ngân Nghĩa Nhung Oanh Phúc Phương Quân Quyên Quỳnh Sơn Tâm Tám Thảo Thắng Thuỷ Thủy Tiến Toàn
Trang Trí Tuấn Tú Tuyết Uyên Vân Việt Vinh Vy Xuân Yến Ý Út Bảy Thoa Huệ Nguyệt Chiến Kiên Khuê Tường
"""
SURNAMES, MIDDLES, GIVENS = _SURNAMES.split(), _MIDDLES.split(), _GIVENS.split()
#: Real names of the Êđê, Gia Rai, Ba Na, Cơ Tu, H'Mông, Chăm, K'Ho and of foreigners, in right Unicode.
_OTHERS = """
H'Hen Niê, Y Blô Niê Kđăm, Y Moan Ênuôl, H'Ăng Êban, Rơ Châm H'Yéo, Ksor Phước, Siu Black, Đinh Núp,
A Lăng Bhướch, Bríu Pố, Bh'riu Liếc, Zơrâm Nhớ, Pơloong Chiến, Hôih Đhơ, Ríah Dung, K'Brêo, Điểu Kré,
Vừ A Dính, Thào Mí Lử, Lầu Thị Mỷ, Mùa A Phìn, Đàng Năng Quạ, Ka Sô Liễng, Kpă Klơng, Mlô Duôn Du,
Rah Lan Chăm, Ayun H'Bút, Coor Thị Nghệ, Tơ Ngôl Vinh, Y, Lý, Vò,
François Müller, José Núñez, Jörg Strauß, Søren Kierkegård, Loïc Dupont, Noël Août, Zoë Peña,
Håkan Lindström, André Gonçalves, Chloé Lefèvre, Björk Guðmundsdóttir, Łukasz Wałęsa, João Sá, Ñusta Quispe,
Anaïs Benoît, Øyvind Næss, Ivo Andrić, Saïd Ben Ali, Inès Bûche, Raúl Íñigo
"""
OTHERS = tuple(" ".join(name.split()) for name in _OTHERS.split(","))

full_names = st.builds(
    lambda surname, middles, given: " ".join([surname, *middles, given]),
    st.sampled_from(SURNAMES),
    st.lists(st.sampled_from(MIDDLES), max_size=3),
    st.sampled_from(GIVENS),
)


def _encoder(pairs: tuple[tuple[str, str], ...]) -> tuple[re.Pattern[str], dict[str, str]]:
    back = {target: source for source, target in pairs}
    return re.compile("|".join(back)), back


_TCVN3 = _encoder(TCVN3.pairs)
_VNI = _encoder((*VNI.pairs, ("aú", "ẳ"), ("AÚ", "Ẳ"), ("î", "ỵ"), ("Î", "Ỵ")))


def as_tcvn3(text: str) -> str:
    """As a .VnTime font stores it: toned capitals do not exist, so "Ánh" begins with a small á."""
    pattern, back = _TCVN3
    small = "".join(c if c in back or c.lower() not in back else c.lower() for c in text)
    return pattern.sub(lambda match: back[match.group()], small)


def as_vni(text: str) -> str:
    pattern, back = _VNI
    return pattern.sub(lambda match: back[match.group()], text)
