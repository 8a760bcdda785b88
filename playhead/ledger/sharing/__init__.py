"""The same work is done once: one job's run does it, and all that ask for the same have its result.

A **flight** is work that is known by its key (:mod:`.keys`), and the job whose run does it or did. Jobs meet it

- when they are submitted (:mod:`.answering`): what has been done by then is answered at once,
- when their run knows its inputs (:mod:`.boarding`): it does the work itself, or has the result of whoever did, or
  leaves its place and follows whoever does,
- when that one ends (:mod:`.landing`): all that follow, and all of the same that are queued, have its result, in the
  same transaction; or one of them takes its place.

The row of a flight is the last lock that a transaction waits for (of several, in the order of their keys): what it does
after that, it does to rows that nobody else holds, and leaves the rest to a sweep. So whoever waits for a flight waits
for nobody who waits.
"""
