"""News of this room, and the news of others that opens cases. Payloads hold keys, codes and kinds only.

A room below opens a case by emitting one of `OPENING` with the person as the event's key and a payload of

- `group`, `field`: what it is about: a field of the record as `population.service.term` knows it; for 'document.mismatch' the
  group is "document" and the field the kind of document; for 'paper.demanded' "paper" and the code of the procedure;
- `org_code`: the organisation whose desk answers; `unit`: or the unit (its desk); neither: the desk of the person's area;
- `reporter_org`: the organisation that found it, which sees the answer too;
- `source`: what found it (a way, a kind of document, a connector); `ref`: "room.table:id" of the row behind it, which gives
  the case its wording where `quality.service.wording.STATEMENTS` knows the prefix;
- `report`: the name under which the organisation asks by API how the case stands;
- `details`: "group.field" -> word ("no", "close", "old", …), never a value.
"""

from typing import Final

CASE_OPENED = "quality.case.opened"
CASE_ANSWERED = "quality.case.answered"

#: News with which the words of a waiting case change: `ref` as in `OPENING`.
TOLD: Final = "paper.told"

#: Topic -> kind of the case it opens.
OPENING: Final[dict[str, str]] = {
    "exchange.disagreement": "disagreement",
    "accounts.card.differs": "disagreement",
    "document.mismatch": "document",
    "connector.wrong": "connector",
    "paper.demanded": "paper",
    "look.questioned": "question",
    "look.objected": "objection",
}
