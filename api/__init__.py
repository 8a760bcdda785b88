"""The HTTP edge: what a request means, and how an answer looks."""
