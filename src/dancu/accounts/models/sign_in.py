"""A sign-in under way, what came of a step of it, and the ways an account has to prove itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from dancu.accounts.models.core import AccountState, SignIn
from dancu.sharing.models import Consent


class Kind(StrEnum):
    """Kinds of authenticator."""

    PASSCODE = "passcode"
    TOTP = "totp"
    PASSKEY = "passkey"
    DEVICE = "device"
    RECOVERY = "recovery"


@dataclass(frozen=True, slots=True)
class Authenticator:
    """One way to prove oneself, without its secret. `public`: what may be known of it (a passkey's model, its backups)."""

    authenticator_id: int
    kind: Kind
    label: str
    public: dict[str, Any]
    created_at: datetime
    last_used_at: datetime | None


#: JSON that a sign-in keeps for the page it leads to.
Carried = list[Any]


class Flow(NamedTuple):
    """A sign-in under way: it travels sealed through the browser it began in. `key` 0: the number named no account, and
    nothing will be right. `amr`: what was proved so far; `number`: digest of the number typed, for the throttle; `told`: the
    account knows the key of a device, which hears of sign-ins elsewhere; `service`: who asked for it, as the citizen reads it, "" for the
    account's own pages; `portrait` False: a level with a face was asked for and there is none on file to compare it with, which is
    looked up after two factors, never before; `carried`: what the page at `next` is to be given back, as JSON has it, None where
    all stands in its address. Sealed as the list of its values: who changes the fields changes the name it is sealed under
    (`service/sign_in/sealing.py`)."""

    next: str = "/account"
    acr: int = 1
    key: int = 0
    number: str = ""
    amr: tuple[str, ...] = ()
    sid: str = ""
    assisted: bool = False
    started: float = 0.0
    told: bool = False
    service: str = ""
    portrait: bool = True
    carried: Carried | None = None


class Standing(NamedTuple):
    """What a step of a sign-in must know of one account. `phone`: still encrypted, few steps need it (`phone_of`); `kinds` of
    authenticators in use; `passcode`: its hash."""

    person_key: int
    level: int
    state: AccountState
    lock_version: int
    language: str
    contact_changed_at: datetime | None
    phone: bytes | None = None
    phone_verified: bool = False
    kinds: frozenset[str] = frozenset()
    passcode: str | None = None

    def __repr__(self) -> str:
        """Neither phone nor passcode."""
        return f"Standing(person_key={self.person_key}, level={self.level}, state={self.state})"

    @property
    def usable(self) -> bool:
        return self.state is AccountState.ACTIVE


class Way(StrEnum):
    """How a second factor is given."""

    SMS = "sms"
    TOTP = "totp"
    PASSKEY = "passkey"
    DEVICE = "device"
    RECOVERY = "recovery"


class StepState(StrEnum):
    """`OK`: signed in. `MORE`: another factor is needed (`ways`). `REFUSED`: wrong, whatever the reason. `WAIT`: too many
    failures. `LOCKED`: the passcode was right and the account may not be used."""

    OK = "ok"
    MORE = "more"
    REFUSED = "refused"
    WAIT = "wait"
    LOCKED = "locked"


class Asks(NamedTuple):
    """What the service that waits for a sign-in must know next, read by the statement that ends it: what this citizen agreed to for
    the client and the purpose."""

    client_no: int
    purpose: str


class Step(NamedTuple):
    """What came of a step. `token`: of the new session; `device`: the cookie by which this browser is known again;
    `hint`: the end of the phone a code went to; `sms_from`: the phone is too new for text messages until then; `consent`: of `asked`, where the sign-in ended and something was asked."""

    state: StepState
    flow: Flow = Flow()
    ways: tuple[Way, ...] = ()
    wait_seconds: int = 0
    token: str = ""
    device: str = ""
    hint: str = ""
    sms_from: datetime | None = None
    sign_in: SignIn | None = None
    asked: Asks | None = None
    consent: Consent | None = None


class Browser(NamedTuple):
    """Where a step comes from: address and name of the browser, its remembered-device cookie, the session it held."""

    address: str = ""
    agent: str = ""
    device: str = ""
    token: str = ""


@dataclass(frozen=True, slots=True)
class PastSignIn:
    """A sign-in as the account page shows it; `session_id` names the session where it still lives."""

    session_id: str
    sid: str
    acr: int
    amr: tuple[str, ...]
    at: datetime
    device: str
    network: str
    assisted: bool
    ended_at: datetime | None
