"""The process edge: tickets become runs, runs become results."""
