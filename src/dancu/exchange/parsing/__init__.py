"""What readers and programs hand over, taken apart. Pure."""
