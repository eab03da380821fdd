"""Session credentials with MFA for every AWS tool, in files that stay intact."""

__version__ = "0.1.0"
