"""Music to notes: Basic Pitch's model, run directly by ONNX Runtime.

The model and the way from its output to notes are those of Bittner et al., "A Lightweight Instrument-Agnostic Model for
Polyphonic Note Transcription and Multipitch Estimation" (ICASSP 2022), https://github.com/spotify/basic-pitch. The code
is our own; the model and its licence lie beside it.
"""
