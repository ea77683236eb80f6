"""`python -m dancu` and the `dancu` command."""

from dancu.cli import main

if __name__ == "__main__":
    main()
