"""All SQL of the population registry: `tables` (facts and rows), `facts` (reading), `write` (recording),
`persons` (locks), `numbers` (directory), `gate` (the way in), `sentences` (constraints in words)."""
