"""What can go wrong, from the caller's side."""

from __future__ import annotations

from typing import Any


class DancuClientError(Exception):
    """Base of all of them. `template` with `params` filled in is the text, in English; `dancu_client.words` has it in Vietnamese."""

    def __init__(self, template: str = "", **params: Any) -> None:
        self.template, self.params = template, params
        super().__init__(template.format(**params) if params else template)


class ConfigError(DancuClientError):
    """The configuration cannot be used; the text says which part."""


class NotReached(DancuClientError):
    """The platform did not answer; nothing is known of what became of the call."""


class AnswerLost(DancuClientError):
    """The platform has answered this message before and does not answer it twice: the answer was lost on its way. What was
    asked is in both logs; ask again with a new message id."""


class NotGenuine(DancuClientError):
    """An answer, receipt, proof or webhook that the platform did not sign, or signed for something else. Do not use it."""


class CallRefused(DancuClientError):
    """The platform refused. `code` is stable ("agreement.field"), `problem` the whole problem+json, `retry_after` seconds."""

    def __init__(self, status: int, problem: dict[str, Any], retry_after: float | None = None) -> None:
        self.status, self.problem, self.retry_after = status, problem, retry_after
        self.code = str(problem.get("code", "")) or f"http.{status}"
        super().__init__("{code}: {detail}", code=self.code, detail=problem.get("detail", ""))
