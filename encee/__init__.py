"""Session credentials with MFA for every AWS tool, without harming the file they live in."""

__version__ = "0.1.0"
