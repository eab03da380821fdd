"""MFA for a whole account."""
