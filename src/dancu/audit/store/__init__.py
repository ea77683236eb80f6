"""All SQL of schema `audit`: `log` (entries in, accesses out), `sequence` (the sequencer), `scan` (verification),
`publish` (what the public log serves), `facts` (rows of other rooms, named by audit.fact_source)."""
