"""MFA codes: where they come from, how they are computed, and how a phone gets the seed of a device."""
