"""Who may do what, where, and why: organisations, staff, roles, jurisdiction, purposes, sessions,
break-glass.

Invariants
- There is one catalogue of permissions, roles and purposes (`catalogue`); the tables are its copy.
- What a staff member may do today stands in `access.staff_right`, and the database's gate reads it there: a
  page cannot widen it. Jurisdiction is kept as units of a date and translated into today's units.
- Nobody gives a right to themselves; auditors and administrators hold no other role.
- Password hashes and second-factor secrets are readable by no running process, only through narrow functions.
- Demonstration personas need both the program in demo mode and a database created as a demonstration.

Verbs: see `dancu.access.service`.
"""
