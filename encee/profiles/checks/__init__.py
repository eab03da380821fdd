"""The checks of `encee doctor` that need no request."""
