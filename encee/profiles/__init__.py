"""What the sections of the credentials file and the config file mean."""
