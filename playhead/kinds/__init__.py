"""One file per kind of job. A module here that names a ``KIND`` is found by itself (:mod:`playhead.registry`)."""
