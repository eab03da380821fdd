"""The code: where the six digits come from."""
