"""Text to speech: by espeak-ng, by Piper, or by a server."""
