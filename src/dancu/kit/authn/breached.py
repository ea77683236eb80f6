"""Is a chosen secret one that guessers try first? Judged by zxcvbn, whose lists of leaked passwords, names and words
travel in its package, so nothing is asked of the network.

The lists cost half a second to load, once and only where somebody chooses a secret; the judging itself runs in the
hashing pool's place, beside the event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

# Beyond this nobody guesses, and zxcvbn's work grows with the square of the length.
_JUDGED = 40


async def guesses(secret: str, unlike: Sequence[str] = ()) -> float:
    """How many tries a guesser who knows people's habits needs, about. `unlike`: words of the person's own."""
    return await asyncio.to_thread(_guesses, secret[:_JUDGED], [word for word in unlike if word])


def _guesses(secret: str, unlike: list[str]) -> float:
    from zxcvbn import zxcvbn

    return float(zxcvbn(secret, user_inputs=unlike)["guesses"])
