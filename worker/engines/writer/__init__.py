"""A large language model behind a server that speaks OpenAI's chat completions."""
