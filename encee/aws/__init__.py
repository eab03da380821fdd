"""The network: requests to AWS, what its errors mean, and what its policies say."""
