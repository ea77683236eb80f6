"""Authenticators that staff access and citizens' accounts share: passwords, one-time codes, throttling.

Nothing here knows whose password it is; rooms keep the hashes and secrets, this package judges them.
"""
