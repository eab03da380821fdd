"""Parse, evaluate, check and build IAM policies."""
