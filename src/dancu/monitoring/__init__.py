"""Who looked at whose data, and is the log whole: the citizen's list, the officer's tab, the auditor's search.
Reads other rooms only through their services."""
