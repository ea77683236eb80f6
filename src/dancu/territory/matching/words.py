"""The words around names in Vietnamese addresses: kinds of unit, hamlets, streets, abbreviations, old provinces."""

from typing import Final

from dancu.kernel.names import fold_ascii
from dancu.territory.models import Kind

K = Kind
_TP: Final = frozenset({K.CITY, K.PROVINCIAL_CITY})

KIND_WORDS: Final[dict[tuple[str, ...], frozenset[Kind]]] = {
    ("tinh",): frozenset({K.PROVINCE}),
    ("t",): frozenset({K.PROVINCE}),
    ("thanh", "pho"): _TP,
    ("t", "pho"): _TP,
    ("tpho",): _TP,
    ("tp",): _TP,
    ("t", "p"): _TP,
    ("thu", "do"): frozenset({K.CITY}),
    ("thi", "xa"): frozenset({K.TOWN}),
    ("tx",): frozenset({K.TOWN}),
    ("t", "x"): frozenset({K.TOWN}),
    ("quan",): frozenset({K.URBAN_DISTRICT}),
    ("q",): frozenset({K.URBAN_DISTRICT}),
    ("huyen",): frozenset({K.RURAL_DISTRICT}),
    ("h",): frozenset({K.RURAL_DISTRICT}),
    ("huyen", "dao"): frozenset({K.RURAL_DISTRICT}),
    ("phuong",): frozenset({K.WARD}),
    ("ph",): frozenset({K.WARD}),
    ("p",): frozenset({K.WARD}),
    ("f",): frozenset({K.WARD}),
    ("xa",): frozenset({K.COMMUNE}),
    ("x",): frozenset({K.COMMUNE}),
    ("thi", "tran"): frozenset({K.TOWNSHIP}),
    ("tt",): frozenset({K.TOWNSHIP}),
    ("t", "t"): frozenset({K.TOWNSHIP}),
    ("dac", "khu"): frozenset({K.SPECIAL_ZONE}),
}
"""Folded words before a name -> the kinds they may mean. Only these; the name decides which."""

ENGLISH_KINDS: Final[dict[str, frozenset[Kind]]] = {
    "province": frozenset({K.PROVINCE}),
    "prov": frozenset({K.PROVINCE}),
    "city": _TP,
    "district": frozenset({K.URBAN_DISTRICT, K.RURAL_DISTRICT}),
    "dist": frozenset({K.URBAN_DISTRICT, K.RURAL_DISTRICT}),
    "town": frozenset({K.TOWN, K.TOWNSHIP, K.PROVINCIAL_CITY}),
    "township": frozenset({K.TOWNSHIP}),
    "ward": frozenset({K.WARD}),
    "commune": frozenset({K.COMMUNE}),
}
"""English words after a name ("Tam Ky City"), or before a number ("District 1")."""
ENGLISH_LOCAL: Final = frozenset({"street", "st", "str", "road", "rd", "avenue", "ave", "hamlet", "village", "lane"})
"""English words after the name of a street or hamlet."""

NUMBERED: Final = frozenset({"p", "ph", "f", "phuong", "q", "quan"})
"""Words before the number of a ward or urban district, which may be written out: "Phường Một", "P.VIII"."""
_UNITS: Final = ("khong", "mot", "hai", "ba", "bon", "nam", "sau", "bay", "tam", "chin")
_ROMAN: Final = ("", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix")
NUMERALS: Final[dict[tuple[str, ...], int]] = {
    **{(word,): n for n, word in enumerate(_UNITS) if n},
    ("tu",): 4,
    ("muoi",): 10,
    **{("muoi", word): 10 + n for n, word in enumerate(_UNITS) if n},
    ("muoi", "lam"): 15,
    **{("x" * (n // 10) + _ROMAN[n % 10],): n for n in range(1, 30)},
}
"""Folded numerals in words or Roman letters -> number."""

WRITTEN: Final = {
    "tinh": "tỉnh",
    "thanh": "thành",
    "pho": "phố",
    "thi": "thị",
    "xa": "xã",
    "quan": "quận",
    "huyen": "huyện",
    "phuong": "phường",
    "tran": "trấn",
    "dac": "đặc",
    "khu": "khu",
    "dao": "đảo",
    "thu": "thủ",
    "do": "đô",
}
"""How the full words are spelt: "Phương Liên" begins with a name, "Phường Liên" with a kind."""

LEVEL: Final[dict[Kind, int]] = {
    K.PROVINCE: 1,
    K.CITY: 1,
    K.URBAN_DISTRICT: 2,
    K.RURAL_DISTRICT: 2,
    K.TOWN: 2,
    K.PROVINCIAL_CITY: 2,
    K.COMMUNE: 3,
    K.WARD: 3,
    K.TOWNSHIP: 3,
    K.SPECIAL_ZONE: 3,
}

_HAMLETS: Final = [
    "thôn",
    "xóm",
    "ấp",
    "bản",
    "buôn",
    "bon",
    "làng",
    "khóm",
    "khối",
    "khu",
    "kp",
    "kdc",
    "tdp",
    "tổ",
    "đội",
    "cụm",
    "plei",
    "plơi",
    "phum",
    "sóc",
    "mom",
    "xứ",
    "nhóm",
    "kv",
    "tk",
    "điểm",
]
_STREETS: Final = [
    "số",
    "đường",
    "phố",
    "ngõ",
    "ngách",
    "hẻm",
    "kiệt",
    "lô",
    "nhà",
    "căn",
    "chung",
    "tòa",
    "toà",
    "block",
    "km",
    "ql",
    "tl",
    "đt",
    "sn",
    "tầng",
    "phòng",
    "ô",
    "dãy",
    "quốc",
    "tỉnh",
    "đại",
]
STREETS: Final = frozenset(map(fold_ascii, _STREETS))
LOCAL: Final = {fold_ascii(w): w for w in (*_HAMLETS, *_STREETS)}
"""A run of text that begins with one of these (or a number) is below the commune: folded -> written."""
TWO_WORDS: Final = {"quoc": "lo", "tinh": "lo", "dai": "lo", "chung": "cu"}
"""These begin such a run only with the other word after them ("quốc lộ", not "Quốc Oai")."""
INNER: Final = frozenset({("hai", "phong"), ("nam", "can"), ("song", "lo"), ("tam", "duong"), ("vu", "ban")})
"""Provinces and districts whose last word would begin such a run: no room, flat or street is meant in "Hải Phòng"."""
NEEDS_MORE: Final = frozenset({"to", "doi", "so", "nha", "phong", "can", "lo", "o", "mom", "xu", "diem", "cum", "khu"})
"""Written without marks these are too often a part of a name: only before a number, or right at the start."""

NOISE: Final = frozenset({"cũ", "nay", "là", "thuộc", "ở", "tại", "địa", "chỉ", "trước", "đây"})
"""Words that say nothing about the place ("nay là", "thuộc", "địa chỉ"), as written: Củ Chi is a name."""

COUNTRY: Final = (("viet", "nam"), ("vietnam",), ("vn",), ("chxhcn", "viet", "nam"))

FOREIGN: Final = frozenset([
    "trungquoc", "china", "hoaky", "usa", "my", "unitedstates", "unitedkingdom", "uk", "anh", "england",
    "france", "phap", "duc", "germany", "chlbduc", "nga", "russia", "liennga", "lao", "laos", "campuchia",
    "cambodia", "thailan", "thailand", "nhatban", "nhat", "japan", "hanquoc", "korea", "southkorea",
    "trieutien", "dailoan", "taiwan", "hongkong", "singapore", "malaysia", "indonesia", "philippines",
    "myanmar", "ando", "india", "uc", "australia", "newzealand", "canada", "sec", "conghoasec",
    "czechrepublic", "czechia", "balan", "poland", "ucraina", "ukraine", "ytalia", "italia", "italy",
    "hungary", "hunggari", "bungari", "bulgaria", "slovakia", "halan", "netherlands", "bi", "belgium",
    "thuydien", "sweden", "nauy", "norway", "phanlan", "finland", "danmach", "denmark", "thuysi",
    "switzerland", "ao", "austria", "taybannha", "spain", "bodaonha", "portugal", "angola", "california",
    "texas",
])  # fmt: skip
"""Compact names of countries where many Vietnamese live, as the last part of an address."""

PROVINCE_ALIASES: Final[dict[str, tuple[str, ...]]] = {
    # abbreviations; several provinces where people write the same letters
    "hcm": ("79",), "tphcm": ("79",), "hcmc": ("79",), "saigon": ("79",), "sg": ("79",), "hochiminhcity": ("79",),
    "hn": ("01",), "hanoi": ("01",), "dn": ("48", "75"), "dng": ("48",), "hp": ("31",), "ct": ("92",),
    "qn": ("49", "22", "51"), "qnam": ("49",), "qngai": ("51",), "qninh": ("22",), "brvt": ("77",),
    "vt": ("77",), "bariavungtau": ("77",), "vungtaubaria": ("77",), "tthue": ("46",), "tth": ("46",),
    "hue": ("46",), "bd": ("74", "52"), "kh": ("56",), "bthuan": ("60",), "nthuan": ("58",), "dlak": ("66",),
    "daclac": ("66",), "daklac": ("66",), "dacklak": ("66",), "baccan": ("06",), "dacnong": ("67",), "daknong": ("67",), "daklak": ("66",), "lamdong": ("68",),
    # provinces that ended before 2022 and what they became
    "hatay": ("01",), "hasonbinh": ("01", "17"), "quangnamdanang": ("49", "48"), "vinhphu": ("25", "26"),
    "habac": ("24", "27"), "bacthai": ("19", "06"), "haihung": ("30", "33"), "namha": ("36", "35"),
    "hanamninh": ("35", "36", "37"), "nghetinh": ("40", "42"), "binhtrithien": ("44", "45", "46"),
    "nghiabinh": ("51", "52"), "phukhanh": ("54", "56"), "thuanhai": ("58", "60"), "songbe": ("70", "74"),
    "gialaikontum": ("64", "62"), "hatuyen": ("02", "08"), "hoanglienson": ("10", "15"), "caolang": ("04", "20"),
    "cuulong": ("86", "84"), "minhhai": ("95", "96"),
}  # fmt: skip
"""Compact key -> codes of the 63 provinces. Facts of general knowledge; they only support a reading."""
ENDED_BEFORE_2022: Final = frozenset(
    [
        "hatay",
        "hasonbinh",
        "quangnamdanang",
        "vinhphu",
        "habac",
        "bacthai",
        "haihung",
        "namha",
        "hanamninh",
        "nghetinh",
        "binhtrithien",
        "nghiabinh",
        "phukhanh",
        "thuanhai",
        "songbe",
        "gialaikontum",
        "hatuyen",
        "hoanglienson",
        "caolang",
        "cuulong",
        "minhhai",
    ]
)
DISTRICT_ALIASES: Final[dict[str, str]] = {
    "bmt": "643", "pleicu": "622", "playku": "622", "buonmethuot": "643", "banmethuot": "643", "pleyku": "622", "pleku": "622", "quinhon": "540",
    "phanrang": "582", "thapcham": "582", "hongai": "193", "hongay": "193",
}  # fmt: skip
"""Compact key -> code of a district of 2022-23 (Buôn Ma Thuột, Pleiku, Quy Nhơn, Phan Rang - Tháp Chàm, Hạ Long)."""
DISTRICTS_ENDED_BEFORE_2022: Final[dict[str, tuple[str, ...]]] = {
    "tuliem": ("019", "021"), "duyenhai": ("787",), "tienson": ("260", "261"), "gialuong": ("263", "264"),
    "vinhlac": ("251", "252"), "namthanh": ("291", "294"), "kimmon": ("292", "293"), "cambinh": ("295", "296"),
    "tuloc": ("297", "298"), "ninhthanh": ("299", "300"), "anthuy": ("313", "314"), "myvan": ("325", "327", "328"),
    "chaugiang": ("326", "330"), "kimthi": ("329", "331"), "phutien": ("332", "333"),
}  # fmt: skip
"""Compact key -> codes of the districts of 2022-23 it was divided into. Facts of general knowledge, as of the provinces."""
