"""Schedules that are due in the same second: how soon, and in which order, their work is asked for."""
