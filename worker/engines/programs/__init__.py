"""Programs that an engine runs once for each piece of work: they die with their worker, and cannot fill its disk."""
