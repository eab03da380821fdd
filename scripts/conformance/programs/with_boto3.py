"""Make one signed call with boto3 as the profile that `AWS_PROFILE` names."""

import boto3

print(boto3.Session().client("sts").get_caller_identity()["Arn"])
