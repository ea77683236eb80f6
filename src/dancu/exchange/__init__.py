"""Data exchange between organisations: joining, data services, connectors, subscriptions, reconciliation. No call without an
agreement, a purpose and a case; both sides can prove what was asked and answered."""
