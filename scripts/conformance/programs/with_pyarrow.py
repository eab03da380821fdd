"""Make one signed call with the C++ SDK, which pyarrow holds, as the profile that `AWS_PROFILE` names."""

import os
from urllib.parse import urlsplit

from pyarrow.fs import FileSelector, S3FileSystem

endpoint = urlsplit(os.environ["AWS_ENDPOINT_URL"])
files = S3FileSystem(endpoint_override=endpoint.netloc, scheme=endpoint.scheme, region=os.environ["READER_REGION"])
print(files.get_file_info(FileSelector("")))
