"""`custody submit`: an agency's side. Events are completed, signed and kept in a spool before the first is sent."""
