"""MFA codes become sessions."""
