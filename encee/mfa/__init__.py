"""MFA codes: their sources, their computation, and the QR code of a seed."""
