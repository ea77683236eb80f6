"""The ministries' own databases, as simulators: one process of its own beside the demonstration, in which each ministry has its
address, its database (a SQLite file), its own shape of data and its own faults, switched at an admin page on loopback.

What they know is drawn from the same invented people, written into their files once, before anybody asks; they read nothing of
Dancu's. A connector is what stands on the other side (exchange.connectors), and cannot tell them from the real thing but for
their label."""
