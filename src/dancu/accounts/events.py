"""News of accounts. Payloads hold keys and kinds only."""

# An account was locked or opened again, or got new ways in: what was issued under the lock version before is worthless.
ACCOUNT_LOCKED = "accounts.account.locked"
ACCOUNT_UNLOCKED = "accounts.account.unlocked"
ACCOUNT_RECOVERED = "accounts.account.recovered"
# The holder chose a passcode: the account is in use.
ACCOUNT_ACTIVATED = "accounts.account.activated"
# Nobody answered within the days of the decree: the organisation above sees it.
APPLICATION_OVERDUE = "accounts.application.overdue"
# The same for a visit that waits for its second officer, and for a request of the police for a lock.
VISIT_OVERDUE = "accounts.visit.overdue"
LOCK_REQUEST_OVERDUE = "accounts.lock.overdue"
# Closed for good: the holder died and the days of the rule have passed.
ACCOUNT_CLOSED = "accounts.account.closed"
# While level 2 was given, the holder chose documents to have in the account: {"documents": [code, …]}.
DOCUMENTS_CHOSEN = "accounts.documents.chosen"
# The card shown at a counter and the registry disagree: opens a case, in the words of quality.events.
CARD_DIFFERS = "accounts.card.differs"
