"""Podcasts: feeds are polled, new episodes worked on once for all, and each subscriber is told. None of it has a queue.

Each step is a sweep that looks at what stands in the tables and goes on from there. What dies in between is gone on
with at the next turn, a second later.
"""
