"""Pure words of the field: numbers, partial dates, names, money, actors, errors. Imports nothing of ours."""
