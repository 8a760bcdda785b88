"""The lease protocol in small, and a search through everything that can happen to it.

``python -m model`` (``make model``) walks breadth first through all interleavings in a few small worlds: one or two
jobs, one or two workers, and any number of crashes, freezes, lost answers and so on, at any moment. Each transaction
of the ledger is one step, for PostgreSQL's row locks make it one; whatever lies between two transactions is not.

Modelled, step by step, is what these do: ``playhead/ledger/`` (claim, report's checkpoint, settle, sweep, operate,
queues), ``worker/`` (dispatch, runner, claiming, settling, heartbeat). The legal steps come from
``playhead.states.STEPS`` itself.

Rules that every world must keep:

- at most one run holds a job; nothing is written by a run that does not hold it;
- outputs are written once, and only with the success; the cost of a run is taken once;
- only legal steps of the state; attempts are counted right; no dead letter before the attempts are used up;
- the checkpoint never goes back;
- a queued job has a ticket, or somebody who is about to look at it;
- a heart stops or takes back no run that is alive and well.

And from every world, once troubles stop, every job comes to its end: by what workers and housekeeping do anyway
(each thing that stays possible is done sooner or later), from any dead end or endless circle that there might be. The
end can be a success for as long as an attempt is left: nobody promises that work fails.

Housekeeping may wait before it acts: a rescue, until the rescuer's own heart has beaten for a while. That breaks no
rule, for it only makes rescues fewer, and no promise, for hearts beat once troubles stop.

Time has no measure here: whoever died or froze may be found out at once or late, a back-off or an ``expires_at`` may
pass at any moment. With ``LATE`` even the living are taken for dead, or their attempts are taken from them because
they take too long. So no figure for a timeout can break a rule.

Not modelled: dependencies between jobs (``tests/ledger/test_interleaving.py`` walks through those over a real
database), deletion and retention, priorities, the bytes of outputs, events and progress (fenced as checkpoints are),
webhooks, submission, more than two tickets of one job, a clock that jumps, transactions below READ COMMITTED. Nor is
the code itself: that it does what the model does, the tests say.
"""
