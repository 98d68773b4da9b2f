"""The log and its read models as Parquet or CSV, for analysis elsewhere: one way out, and nothing comes back in."""
