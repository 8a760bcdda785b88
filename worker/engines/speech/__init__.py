"""The speech engine: a process of its own that owns the device and the models, ``python -m worker.engines.speech``."""
