"""The ledger: what may happen to a job, one file for each thing that may.

Every function works in the caller's transaction. Those that belong to a run are fenced by its lease: they change
nothing and raise :class:`~playhead.errors.LeaseLostError` once another has the job.
"""
