"""Batches: a parent and its children, all alike or a graph by names."""
