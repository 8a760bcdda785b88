"""Polling: feeds are asked for what is new, and what they say becomes rows."""
