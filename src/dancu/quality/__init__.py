"""Quality of the registry's data. So far: cases, in which a citizen says a fact is wrong and the desk of the commune
answers by a day the law sets. Verbs: open_case, answer, withdraw."""
