"""Ways to prove oneself: passcode, authenticator app, passkeys, recovery codes. Officers never see or set any of them.

Every verb takes an opened or openable account's person key; what may be done by whom the callers know (activation,
the account page of a session that proved two factors, recovery).
"""

from dancu.accounts.service.authenticators.again import just_kept
from dancu.accounts.service.authenticators.device import DeviceForm, device_challenge, keep_device, verify_device
from dancu.accounts.service.authenticators.listing import (
    COOLING,
    NO_WAYS,
    ListedWays,
    has,
    listed,
    remove,
    revoke_all,
    ways,
    ways_of,
)
from dancu.accounts.service.authenticators.passcode import (
    change_passcode,
    check_passcode,
    has_passcode,
    passcode_matches,
    set_passcode,
    verify_passcode,
)
from dancu.accounts.service.authenticators.passkey import (
    PasskeyForm,
    begin_passkey,
    keep_passkey,
    passkey_challenge,
    verify_passkey,
)
from dancu.accounts.service.authenticators.recovery import new_recovery_codes, use_recovery_code
from dancu.accounts.service.authenticators.totp import TotpForm, begin_totp, keep_totp, reopen_totp, verify_totp

__all__ = [
    "COOLING", "NO_WAYS", "DeviceForm", "ListedWays", "PasskeyForm", "TotpForm", "begin_passkey", "begin_totp",
    "change_passcode", "check_passcode", "device_challenge", "has", "has_passcode", "just_kept", "keep_device", "keep_passkey", "keep_totp",
    "listed", "new_recovery_codes", "passcode_matches", "passkey_challenge", "remove", "reopen_totp", "revoke_all",
    "set_passcode", "use_recovery_code", "verify_device", "verify_passcode", "verify_passkey", "verify_totp", "ways",
    "ways_of",
]  # fmt: skip
