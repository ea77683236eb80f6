"""The rules of the registry, pure: each takes the facts as they stand and says what a lawful change makes of
them, or refuses with a sentence. One module per family of verbs; `work` holds a change in the making, `rules`
what all share."""
