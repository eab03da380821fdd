"""The person: what is typed, asked, shown and answered."""
