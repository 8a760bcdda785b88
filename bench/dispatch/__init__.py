"""The way of a job through the queue: accepted, claimed, done; how fast, how soon, and in how much memory."""
