"""Recovery, side by side: Playhead and a plain Procrastinate application under the same faults and the same load.

``make bench-recovery SECONDS=300 SEED=7``. Each side has a PostgreSQL server and three supervised worker processes of
its own. Both get the same jobs at the same times, and every fault at the same moment. A job sleeps in steps, and says
in a journal outside of all databases when it begins, makes a step and comes to its end.
"""
