"""The evidence log: every read and write of a citizen's data leaves an entry that nobody can alter unseen.

Invariants: an entry commits with what it witnesses; the sequencer loses and doubles nothing; a leaf hides officer,
subject and content behind commitments; a citizen's entries are numbered 1, 2, 3 … without gaps.
Verbs: record, accesses_of, search_entries, erase, proof, sequence_once, verify, export (service.py).
"""
