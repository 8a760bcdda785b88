"""Media to media, by ffmpeg in processes of its own."""
