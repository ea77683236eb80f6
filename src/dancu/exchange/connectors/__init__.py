"""Connectors to the databases of other ministries."""
