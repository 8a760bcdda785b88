"""Schedules: work that is asked for again and again, at times that a cron expression names."""
