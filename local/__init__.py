"""The one-laptop edge: an embedded PostgreSQL and a supervisor, so that one command brings everything up."""
