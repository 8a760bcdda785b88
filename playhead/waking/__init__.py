"""Workers that sleep until there is work: who waits in vain, and the operator's hook that wakes a worker for it."""
