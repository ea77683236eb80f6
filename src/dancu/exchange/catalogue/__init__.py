"""What data exchange knows by law and custom, as data."""
