"""The command line: one file per group of commands. It composes the rooms, and is the only place that may."""
