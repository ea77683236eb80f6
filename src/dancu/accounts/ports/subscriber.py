"""Does this phone belong to this person? Asked of the mobile operators' common check.

POST {"phone": "+84…", "personal_id": "12 digits"} as JSON to DANCU_SUBSCRIBER_URL, signed with DANCU_SUBSCRIBER_SECRET like
every call of ours (kit.messages.signing); the answer is {"match": true | false | null}, null where the operator does not
know. Nothing else leaves, no name comes back. What does not answer in time is unknown, and an officer looks instead.
"""

from __future__ import annotations

import json
import os
from enum import StrEnum
from typing import Final

from dancu.kit.log import get_logger
from dancu.kit.messages import sign

log = get_logger("dancu.accounts")
_SECONDS: Final = 5.0
URL, SECRET = "DANCU_SUBSCRIBER_URL", "DANCU_SUBSCRIBER_SECRET"


class Subscriber(StrEnum):
    MATCH = "match"
    DIFFERS = "differs"
    UNKNOWN = "unknown"


async def check(phone: str, personal_id: str) -> Subscriber:
    """The operators' word; UNKNOWN where none is connected or it fails. Never raises for the operator's sake."""
    url = os.environ.get(URL, "")
    if not url or not phone:
        return Subscriber.UNKNOWN
    import httpx

    body = json.dumps({"phone": phone, "personal_id": personal_id}).encode()
    headers = {"content-type": "application/json", **sign(os.environ.get(SECRET, ""), body)}
    try:
        async with httpx.AsyncClient(timeout=_SECONDS, follow_redirects=False) as client:
            answer = await client.post(url, content=body, headers=headers)
        word = answer.json().get("match") if answer.status_code == 200 else None
    except (httpx.HTTPError, ValueError, AttributeError) as error:
        log.warning("subscriber check failed", kind=type(error).__name__)
        return Subscriber.UNKNOWN
    return Subscriber.MATCH if word is True else Subscriber.DIFFERS if word is False else Subscriber.UNKNOWN
