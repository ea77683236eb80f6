"""dancu-client: data exchange with Dancu from a partner's side. Needs httpx and cryptography, nothing of Dancu.

    with Client(Config.load("dancu.toml")) as client:
        answer = client.verify("000190000001", {"name": "Trần Thị Mẫu"}, Context("identity_check", "26/2023/QH15", "HS-1", "can bo A"))
        answer.body["fields"]["name"]        # "yes"
        client.proof(answer)                 # the evidence entry, proved to stand in the signed log

Every call is signed with the key of the program's certificate, every answer's signature and receipt are checked before it is
handed on, and both are kept in the partner's own log (`Config.log`), which the platform's log is compared with.
"""

from dancu_client.calls import Answer, Context
from dancu_client.client import AsyncClient, Client
from dancu_client.config import Config
from dancu_client.errors import AnswerLost, CallRefused, ConfigError, DancuClientError, NotGenuine, NotReached
from dancu_client.proofs import Proved
from dancu_client.webhooks import WebhookVerifier

__all__ = [
    "Answer", "AnswerLost", "AsyncClient", "CallRefused", "Client", "Config", "ConfigError", "Context", "DancuClientError", "NotGenuine",
    "NotReached", "Proved", "WebhookVerifier",
]  # fmt: skip
