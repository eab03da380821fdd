"""IAM policies: parse and evaluate them, find their issues, and build the ones that encee provides."""
