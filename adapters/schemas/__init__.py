"""What is generated from the catalogue: JSON Schemas, and the references in `docs/`."""
