"""Keys from other formats."""
