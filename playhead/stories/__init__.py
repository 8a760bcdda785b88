"""Stories: adventures for learners of a language, an entry at a time. All work is jobs of the kinds that there are."""
