"""Work on rows that an import could not decide alone. Reading: `listed`, `counts`, `shown`, `compared`. Deciding, each once
and for good: `that_person`, `new_person`, `try_again`, `set_aside`. Whoever comes second is told who decided and when.
"""

from dancu.population.importing.desk.decide import Decided, new_person, set_aside, that_person, try_again
from dancu.population.importing.desk.retention import erase_overdue
from dancu.population.importing.desk.shown import Compared, compared, counts, facts_beside, listed, shown

__all__ = [
    "Compared",
    "Decided",
    "compared",
    "counts",
    "erase_overdue",
    "facts_beside",
    "listed",
    "new_person",
    "set_aside",
    "shown",
    "that_person",
    "try_again",
]
