"""The files: `~/.aws/credentials` and `~/.aws/config`, read as the AWS tools read them and edited without harm."""
