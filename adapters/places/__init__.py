"""The register of facilities and the agencies that run them."""
