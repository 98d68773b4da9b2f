"""The ledger over HTTP: agencies publish, and get a receipt that is already durable."""
