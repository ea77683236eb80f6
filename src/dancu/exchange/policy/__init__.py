"""Rules of data exchange in words, pure."""
