"""Pulling plugs: real processes under load, a seeded monkey among them, and a check of all that history tells.

``make chaos SECONDS=600 SEED=7``. The same seed and seconds give the same faults at the same times.
"""
