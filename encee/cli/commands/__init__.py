"""One command, or a small group of them, a file."""
