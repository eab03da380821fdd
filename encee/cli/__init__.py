"""The terminal: what the user types and sees."""
