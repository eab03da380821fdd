"""What encee doctor looks at in the two files."""
