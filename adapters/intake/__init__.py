"""The one way in: every event passes the same gate, whether it came by file, command line or network."""
