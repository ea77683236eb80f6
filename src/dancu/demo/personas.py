"""The well-known demonstration people: always present, always first, whatever the seed and size.

A family in Khối phố Xuân Đông, ward Trường Xuân, Tam Kỳ (index 0 to 5) and a neighbour (6, 7) who is the
head's sister with a single-word-named husband from the mountains. Made up, like everybody here.
"""

from __future__ import annotations

from datetime import date

from dancu.demo.places import Places
from dancu.demo.records import DemoCard, DemoHousehold, DemoPerson, Marital, NamedParent, Relation

WARD = "20353"  # Trường Xuân
_HAMLET = "Xuân Đông"
HEAD_NUMBER = "049190012345"
HUSBAND_NUMBER = "049087004512"
DAUGHTER_NUMBER = "049315002468"
SON_NUMBER = "049219001357"
GRANDMOTHER_NUMBER = "049158000731"
GRANDFATHER_NUMBER = "049055000286"
SISTER_NUMBER = "049193006824"
BROTHER_IN_LAW_NUMBER = "049091007935"
RESERVED_NUMBERS = (
    HEAD_NUMBER, HUSBAND_NUMBER, DAUGHTER_NUMBER, SON_NUMBER, GRANDMOTHER_NUMBER, GRANDFATHER_NUMBER,
    SISTER_NUMBER, BROTHER_IN_LAW_NUMBER,
)  # fmt: skip
PERSONAS = len(RESERVED_NUMBERS)
RESERVED_CMND = ("205123456", "205098712", "205011872", "205011871", "205764390", "205633018")


def persona_households(places: Places, as_of: date) -> tuple[DemoHousehold, ...]:
    """Two households of eight persons; personal data only change with the day, never with a seed."""
    ward = places.commune_of(WARD)
    unit = int(places.unit_ids[ward])
    first = int(places.hamlet_start[ward])
    hamlet = next(h.index for h in places.hamlets[first:] if h.name == _HAMLET)
    tien_ky = int(places.unit_ids[places.commune_of("20854")])
    tay_giang = int(places.unit_ids[places.commune_of("20461")])

    def person(
        index: int, relation: Relation, number: str, name: str, sex: str, born: date, **more: object
    ) -> DemoPerson:
        fields: dict[str, object] = {
            "index": index, "household": 0 if index < 6 else 1, "relation": relation, "personal_id": number,
            "cmnd": None, "name": name, "sex": sex, "birth_year": born.year, "birth_month": born.month,
            "birth_day": born.day, "birth_unit": unit, "birth_country": "VNM", "registration_unit": unit,
            "origin_unit": unit, "ethnicity": "Kinh", "religion": "Không", "nationality": "VNM",
            "blood_group": None, "marital": Marital.SINGLE, "married_on": None, "father": None,
            "mother": None,
            "spouse": None, "father_named": None, "mother_named": None, "resident_since": date(2014, 9, 20),
            "phone": None, "email": None, "card": None, "stay": None, "absence": None, "died_on": None,
            "flaw": None, "flaw_of": None,
        }  # fmt: skip
        return DemoPerson(**(fields | more))  # type: ignore[arg-type]

    wedding, sisters_wedding = date(2014, 8, 16), date(2017, 2, 11)
    family = (
        person(0, Relation.HEAD, HEAD_NUMBER, "Trần Thị Hoà", "F", date(1990, 4, 12), cmnd="205123456",
               blood_group="O", marital=Marital.MARRIED, married_on=wedding, spouse=1, father=5, mother=4,
               phone="0579000001", email="hoa.tran@thu.example",
               card=DemoCard(date(2022, 4, 5), date(2030, 4, 12), True)),
        person(1, Relation.HUSBAND, HUSBAND_NUMBER, "Nguyễn Văn Minh", "M", date(1987, 11, 3),
               cmnd="205098712", blood_group="B", marital=Marital.MARRIED, married_on=wedding, spouse=0,
               birth_unit=tien_ky,
               registration_unit=tien_ky, origin_unit=tien_ky,
               father_named=NamedParent("Nguyễn Văn Lộc", 1960),
               mother_named=NamedParent("Phạm Thị Sen", 1962), phone="0579000002",
               card=DemoCard(date(2021, 6, 18), date(2027, 11, 3), True)),
        person(2, Relation.CHILD, DAUGHTER_NUMBER, "Nguyễn Trần Bảo Ngọc", "F", date(2015, 6, 21), father=1,
               mother=0, origin_unit=tien_ky, resident_since=date(2015, 7, 10)),
        person(3, Relation.CHILD, SON_NUMBER, "Nguyễn Gia Huy", "M", date(2019, 12, 2), father=1, mother=0,
               origin_unit=tien_ky, resident_since=date(2019, 12, 27)),
        person(4, Relation.MOTHER, GRANDMOTHER_NUMBER, "Lê Thị Chút", "F", date(1958, 1, 1),
               birth_month=None, birth_day=None, marital=Marital.WIDOWED, married_on=date(1985, 3, 2),
               spouse=5, cmnd="205011872",
               father_named=NamedParent("Lê Cần", None)),
        person(5, Relation.FATHER, GRANDFATHER_NUMBER, "Trần Văn Bảy", "M", date(1955, 8, 19),
               cmnd="205011871", marital=Marital.MARRIED, married_on=date(1985, 3, 2), spouse=4,
               died_on=date(2020, 10, 30)),
    )  # fmt: skip
    neighbours = (
        person(6, Relation.HEAD, SISTER_NUMBER, "Trần Thị Thu Thủy", "F", date(1993, 9, 27), cmnd="205764390",
               marital=Marital.MARRIED, married_on=sisters_wedding, spouse=7, father=5, mother=4,
               phone="0579000003", resident_since=date(2017, 5, 4),
               card=DemoCard(date(2021, 4, 12), date(2033, 9, 27), True)),
        person(7, Relation.HUSBAND, BROTHER_IN_LAW_NUMBER, "Bhuốch", "M", date(1991, 2, 8), ethnicity="Cơ Tu",
               cmnd="205633018", marital=Marital.MARRIED, married_on=sisters_wedding, spouse=6,
               birth_unit=tay_giang, registration_unit=tay_giang, origin_unit=tay_giang,
               father_named=NamedParent("A Lăng Blao", 1962), resident_since=date(2017, 5, 4),
               card=DemoCard(date(2022, 1, 20), date(2031, 2, 8), True)),
    )  # fmt: skip
    return (
        DemoHousehold(0, "49000000000", "HS-20353-00000000", unit, hamlet, "Tổ 3", date(2014, 9, 20), family),
        DemoHousehold(
            1, "49000000001", "HS-20353-00000001", unit, hamlet, "Tổ 4", date(2017, 5, 4), neighbours
        ),
    )
