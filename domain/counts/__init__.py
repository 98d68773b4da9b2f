"""Named counts: what is counted, said once in data (`named.yaml`), read by `counting` and by people."""
