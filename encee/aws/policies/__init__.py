"""IAM policies: what they say to a request, which of them encee brings along, and which traps they hold."""
