"""Administrative units through time: what a code or an address meant on a day, and what became of it.

A unit is (code, name, kind, parent) while these stay the same; `unit_id` is its name for ever, a bare code never is.
Look-ups are as of a date. What the data do not know is answered as unknown; a commune that was split is ambiguous.
Public verbs stand in `service`; `gazetteer` and `matching` are pure and need no database.
"""
