"""Telling: subscribers hear of each episode that is ready, or of all that is new at times of their own."""
