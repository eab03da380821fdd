// Make one signed call with the AWS SDK for JavaScript, version 3, as the profile that AWS_PROFILE names.

import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";

console.log((await new STSClient({}).send(new GetCallerIdentityCommand({}))).Arn);
