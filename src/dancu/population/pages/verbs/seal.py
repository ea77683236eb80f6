"""What was previewed is what gets written: the preview page carries a seal over the form and over the changes shown.
A form edited in between, or a record that changed meanwhile, does not fit it, and the preview is shown again."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable

from dancu.kit.web import Form, Request, token_of
from dancu.population.forms.words import Touched

NAME = "seal"
OWN = frozenset({"csrf_token", "action", NAME})


def carried(form: Form) -> list[tuple[str, str]]:
    """Everything typed, as the preview page carries it along."""
    return [(name, value) for name in form if name not in OWN for value in form.values(name)]


def seal(
    request: Request, code: str, key: int | None, form: Form, shown: Iterable[Touched], similar: Iterable[int] = ()
) -> str:
    """Bound to the session, the verb, the person, the answers, the words of the preview, and the records that looked
    like the same person: sent twice, the second finds the first among them and is asked again."""
    # Keys of persons that are still to be made are drawn anew each time; their words are not.
    said = [[t.name, [[r.term, r.before, r.after] for r in t.rows]] for t in shown]
    text = json.dumps([token_of(request), code, key, sorted(carried(form)), said, sorted(similar)], ensure_ascii=False)
    secret: bytes = request.app.state.settings.secret
    return hmac.new(secret, b"preview|" + text.encode(), hashlib.sha256).hexdigest()


def fits(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())
