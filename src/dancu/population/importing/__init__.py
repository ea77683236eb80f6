"""Import of files: read, clean, validate, match with the registry, write; nothing lost, nothing doubled.

A row of a file ends in exactly one outcome: inserted, updated, unchanged, needs review, rejected. Rows are written
chunk by chunk, each chunk one transaction together with the position it reaches, so a run that dies goes on where it
stopped. What a file says never overwrites silently what a better source said: a contradiction is kept for a person to
decide (`population.import_review`) and as a finding. Persons compared with a row have that in their evidence.

Public: `run.import_file`, `profile.load_profile`, `profile.names`.
"""
