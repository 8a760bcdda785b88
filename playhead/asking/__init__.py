"""Requests for work: what may be asked, and what the ledger is asked for then."""
