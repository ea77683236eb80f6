"""What is exchanged, by whom, under which agreement."""
