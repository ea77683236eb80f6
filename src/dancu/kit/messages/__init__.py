"""Messages to people: SMS, e-mail, push. A room asks in the transaction of what the message tells (`send`); the worker
hands it to the provider (`deliver_forever`); the provider's receipt says what became of it (`receipt`).

A text is kept encrypted and only until it has been handed over; in a demonstration it stays, and `/demo/outbox` shows it.
"""

from typing import TYPE_CHECKING

from dancu.kit.lazy import offer
from dancu.kit.messages.queue import Shown, Stand, failed_since, is_mail, outbox, receipt, sealed, send, stands

if TYPE_CHECKING:
    from dancu.kit.messages.delivery import deliver_forever, deliver_once
    from dancu.kit.messages.providers import BuiltIn, HttpPush, HttpSms, Mail, Provider, providers
    from dancu.kit.messages.signing import sign, signed_by

__all__ = [
    "BuiltIn", "HttpPush", "HttpSms", "Mail", "Provider", "Shown", "Stand", "deliver_forever", "deliver_once", "failed_since", "is_mail",
    "outbox", "providers", "receipt", "sealed", "send", "sign", "signed_by", "stands",
]  # fmt: skip

offer(
    __name__,
    {
        "dancu.kit.messages.delivery": ("deliver_forever", "deliver_once"),
        "dancu.kit.messages.providers": ("BuiltIn", "HttpPush", "HttpSms", "Mail", "Provider", "providers"),
        "dancu.kit.messages.signing": ("sign", "signed_by"),
    },
)
