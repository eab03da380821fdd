"""The network: what encee says to AWS, and what AWS's answers mean."""
