from __future__ import annotations

import math

from bench.recovery.figures import describe, measure
from bench.recovery.plan import NAMES, make_plan
from bench.recovery.side import Step, Struck
from bench.recovery.work import Entry

FIRST, SECOND = 11, 22
JOURNAL = [
    Entry(1.0, FIRST, "saved", "begin"),
    Entry(1.5, FIRST, "saved", "1"),
    Entry(1.0, FIRST, "twice", "begin"),
    Entry(1.0, FIRST, "lost", "begin"),
    Entry(1.0, SECOND, "elsewhere", "begin"),
    Entry(1.5, FIRST, "done", "begin"),
    Entry(1.9, FIRST, "done", "end"),
    Entry(7.0, SECOND, "saved", "1"),
    Entry(8.0, SECOND, "saved", "end"),
    Entry(9.0, FIRST, "twice", "end"),
    Entry(9.5, SECOND, "twice", "end"),
]
HISTORY = [
    *(Step(0.9, key, began=True, ended_as=None) for key in ("saved", "twice", "lost", "elsewhere", "done")),
    Step(1.95, "done", began=False, ended_as="succeeded"),
    Step(6.0, "saved", began=True, ended_as=None),
    Step(8.1, "saved", began=False, ended_as="succeeded"),
    Step(5.0, "twice", began=True, ended_as=None),
    Step(9.1, "twice", began=False, ended_as="succeeded"),
    Step(9.9, "elsewhere", began=False, ended_as="succeeded"),
]
KEYS = ["saved", "twice", "lost", "elsewhere", "done", "never asked about"]
EFFECTS = ["done", "saved", "twice", "twice", "twice"]


def test_the_figures_of_a_side() -> None:
    figures = measure(KEYS, JOURNAL, HISTORY, EFFECTS, [Struck("kill", 2.0, FIRST), Struck("postgres", 2.0, None)])
    assert dict(figures.ends) == {"succeeded": 4, "never": 2}
    assert (figures.twice, figures.effects_again) == (1, 2)
    assert (figures.steps, figures.steps_again) == (2, 1)
    assert figures.share_ended() == 4 / 6
    assert figures.seconds("kill") == [3.0, 4.0, math.inf]
    assert figures.undisturbed("kill") == 0


def test_a_job_that_went_on_undisturbed_did_not_recover() -> None:
    """Its end says how long the job was, not how long the recovery took."""
    figures = measure(KEYS, JOURNAL, HISTORY, EFFECTS, [Struck("postgres", 2.0, None)])
    assert figures.seconds("postgres") == [3.0, 4.0, math.inf]
    assert figures.undisturbed("postgres") == figures.undisturbed() == 1


def test_a_job_that_failed_without_beginning_again_never_recovered() -> None:
    failed = [Step(0.9, "lost", began=True, ended_as=None), Step(5.0, "lost", began=False, ended_as="failed")]
    figures = measure(["lost"], [JOURNAL[3]], failed, [], [Struck("kill", 2.0, FIRST)])
    assert (figures.seconds(), figures.undisturbed()) == ([math.inf], 0)


def test_a_job_that_ended_before_the_fault_is_not_concerned() -> None:
    """Though the journal's last word of it may be a step: the end is written after the history's."""
    figures = measure(["done"], [JOURNAL[5]], [HISTORY[5]], [], [Struck("kill", 2.0, FIRST)])
    assert figures.seconds() == []


def test_seconds_in_words() -> None:
    assert describe([]) == "-"
    assert describe([1.0, 2.0, 6.0]) == "2.0 / 6.0 s of 3"
    assert describe([1.0, math.inf]) == "1.0 / 1.0 s of 2, 1 never"
    assert describe([math.inf]) == "-, 1 never"


def test_a_plan_has_every_fault_once_a_round() -> None:
    plan = make_plan(7, 130)
    assert plan == make_plan(7, 130)
    assert plan != make_plan(8, 130)
    assert sorted(fault.name for fault in plan) == sorted([*NAMES, *NAMES])
    assert [fault.at_seconds for fault in plan] == sorted(fault.at_seconds for fault in plan)
