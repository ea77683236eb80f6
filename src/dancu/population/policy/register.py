"""Registration: a draft becomes a person."""

from __future__ import annotations

from dancu.kernel.errors import Invalid
from dancu.kit.i18n import N_
from dancu.population import events
from dancu.population.models import (
    DataGroup,
    LifeStatus,
    MemberFact,
    NameKind,
    NumberKind,
    PersonDraft,
    Told,
    missing_groups,
)
from dancu.population.policy import rules
from dancu.population.policy.household import join
from dancu.population.policy.kinship import PARENTS
from dancu.population.policy.life import ENDING
from dancu.population.policy.work import DirectoryChange, Work

#: Kinds of number that live in the directory under the same word.
DIRECTORY_KINDS = {NumberKind.PERSONAL_ID, NumberKind.CMND, NumberKind.PASSPORT, NumberKind.OTHER}


def register(work: Work, key: int, draft: PersonDraft, *, birth: bool) -> None:
    """Enter a new person. The draft must name the person and must not contradict itself.

    A birth certificate without a number is lawful: the number follows (verb `allocate_number`), and until
    then the record counts as incomplete.
    """
    if not any(n.kind == NameKind.BIRTH for n in draft.names):
        raise Invalid("person.name.missing", N_("Cần có họ tên khai sinh."))
    if birth and rules.birth_date(draft.birth) is None:
        raise Invalid("person.birth.missing", N_("Cần có ngày sinh, ít nhất là năm sinh."))
    born = rules.birth_date(draft.birth)
    if born is not None:
        rules.happened(born.earliest(), work.today, "birth")
    if any(k.relative_key is not None and k.relation not in PARENTS for k in draft.kin):
        raise Invalid(
            "kin.register",
            N_("Khi đăng ký chỉ ghi cha, mẹ. Vợ, chồng, con, người đại diện ghi bằng thủ tục riêng."),
        )
    work.create(key)
    for fact in draft.facts():
        if not isinstance(fact, MemberFact):
            work.open(key, fact)
    for life in draft.life:
        if life.status == LifeStatus.DEAD:
            died = rules.event_date(life)
            last = died.latest() if died else life.valid.start
            work.persons[key].alive_until = last
            if last is not None:
                for kind in ENDING:
                    work.end(key, kind, last + rules.ONE_DAY)
    for number in draft.numbers:
        if number.kind in DIRECTORY_KINDS:
            work.directory.append(DirectoryChange(number.number, number.kind, key, number.state))
    for finding in draft.findings:
        work.findings.append((key, finding))
    work.events.append(
        events.PersonRegistered(key, birth=birth, numbered=DataGroup.PERSONAL_ID not in missing_groups(work.view(key)))
    )
    # A household is joined, not written: it must stand, and be one of a relative's who was opened with this.
    for member in draft.memberships:
        join(work, key, member.household_key, member.relation, member.valid.start or work.today)
    work.tell(Told.CITIZEN, Told.SUBSCRIBERS)
