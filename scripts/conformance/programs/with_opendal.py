"""Make one signed call with opendal, which is Rust, as the profile that `AWS_PROFILE` names."""

import os

from opendal import Operator

where = {"region": os.environ["READER_REGION"], "endpoint": os.environ["AWS_ENDPOINT_URL"]}
print(list(Operator("s3", bucket=os.environ["READER_BUCKET"], **where).list("/")))
