"""Text to grammar: spaCy where a model of the language is installed, simplemma elsewhere."""
