"""SPDCI's registry interfaces (CRVS and social registries 1.0.0): searches, subscriptions and their status in its words."""

from dancu.exchange.service.spdci.messages import keep, settle, status
from dancu.exchange.service.spdci.search import MOST_SEARCHES, is_time, search, unpaged
from dancu.exchange.service.spdci.subscribing import subscribe, unsubscribe

__all__ = ["MOST_SEARCHES", "is_time", "keep", "search", "settle", "status", "subscribe", "unpaged", "unsubscribe"]
