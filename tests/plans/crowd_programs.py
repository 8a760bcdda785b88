# ruff: noqa: S608 - of constants
"""What the owners of :mod:`tests.plans.crowd` have beside jobs: schedules, podcasts and adventures. Nothing is due."""

from __future__ import annotations

from playhead.story import Memory, Story
from playhead.summary import Summary
from tests.plans.crowd import BATCHES, OWNERS, id_sql

MANY, FEEDS = 100_000, 2_000
"""Schedules, feeds, episodes; and the feeds that have episodes."""
SUBSCRIPTIONS = 400
"""Of each owner, to the same feeds."""
DELIVERIES = 200_000
SUMMARY = Summary(
    title="t",
    summary="s",
    key_points=[],
    action_items=[],
    chapters=[],
    quotes=[],
    quotes_dropped=0,
    language="en",
    duration_seconds=1.0,
    windows=1,
    model="m",
).model_dump_json()
STORY = Story(
    number=1,
    theme="t",
    language="es",
    level="A1",
    title="t",
    paragraphs=[["s"]],
    choices=["a", "b", "c"],
    memory=Memory(),
    model="m",
)
_LATER = "now() + interval '1 day' + n * interval '1 second'"

PROGRAMS_THERE = (
    f"""INSERT INTO schedules (id, owner_id, cron, timezone, request, next_at)
        SELECT {id_sql("schedule", "n")}, {id_sql("owner", f"n % {OWNERS}")}, '0 3 * * *', 'UTC',
               '{{"kind": "annotate", "input": {{"text": "So it is."}}}}', {_LATER}
        FROM generate_series(1, {MANY}) AS n""",
    f"""INSERT INTO schedule_runs (id, schedule_id, due_at, at)
        SELECT {id_sql("run", "n")}, {id_sql("schedule", "1 + n % 20000")}, now() - n * interval '10 seconds',
               now() - n * interval '10 seconds' FROM generate_series(1, {DELIVERIES}) AS n""",
    f"""INSERT INTO feeds (id, url, next_poll_at) SELECT {id_sql("feed", "n")}, 'https://example.com/' || n, {_LATER}
        FROM generate_series(1, {MANY}) AS n""",
    f"""INSERT INTO episodes (id, feed_id, title, published_at, state, batch_id, summary, enclosure_url)
        SELECT {id_sql("episode", "n")}, {id_sql("feed", f"1 + n % {FEEDS}")}, 'e', now() - n * interval '1 minute',
               CASE WHEN n % 1000 = 0 THEN 'making' ELSE 'ready' END, {id_sql("batch", f"n % {BATCHES}")}, '{SUMMARY}',
               'https://example.com/' || n || '.mp3' FROM generate_series(1, {MANY}) AS n""",
    f"""INSERT INTO episode_identities (feed_id, identity, episode_id)
        SELECT {id_sql("feed", f"1 + n % {FEEDS}")}, decode(md5(CAST(n / 2 AS text)), 'hex'), {id_sql("episode", "n")}
        FROM generate_series(1, {MANY}) AS n""",
    f"""INSERT INTO subscriptions (id, owner_id, feed_id, notify)
        SELECT {id_sql("subscription", "n")}, {id_sql("owner", f"n % {OWNERS}")}, {id_sql("feed", f"1 + n / {OWNERS}")},
               CASE n / {OWNERS} % 2 WHEN 0 THEN '{{"webhook": "https://example.com"}}'::jsonb
                                     ELSE '{{"digest": true}}' END
        FROM generate_series(0, {OWNERS * SUBSCRIPTIONS - 1}) AS n""",
    f"""INSERT INTO digests (owner_id, cron, timezone, notify, token, next_at)
        SELECT {id_sql("owner", "n")}, '0 3 * * *', 'UTC', '{{"feed": true}}', 'token ' || n, {_LATER}
        FROM generate_series(0, {OWNERS - 1}) AS n""",
    f"""INSERT INTO digest_issues (id, owner_id, due_at, title, markdown, html, state, job_id)
        SELECT {id_sql("issue", "n")}, {id_sql("owner", f"n % {OWNERS}")}, now() - n * interval '1 hour', 't', 'm', 'h',
               CASE WHEN n % 1000 = 0 THEN 'pending' ELSE 'delivered' END, {id_sql("job", "1 + n")}
        FROM generate_series(1, 20000) AS n""",
    f"""INSERT INTO deliveries (id, owner_id, subscription_id, episode_id, state, job_id, issue_id, expires_at)
        SELECT {id_sql("delivery", "n")}, {id_sql("owner", f"n % {OWNERS}")},
               {id_sql("subscription", f"n % {OWNERS * SUBSCRIPTIONS}")}, {id_sql("episode", f"1 + n / {OWNERS}")},
               CASE WHEN n % 499 = 0 THEN 'pending' ELSE 'delivered' END,
               CASE WHEN n % 998 <> 0 THEN {id_sql("job", "1 + n")} END,
               CASE WHEN n % 10 = 1 THEN {id_sql("issue", "1 + n / 10")} END, now() + interval '1 day'
        FROM generate_series(1, {DELIVERIES}) AS n""",
    f"""INSERT INTO adventures (id, owner_id, theme, language, level, annotated)
        SELECT {id_sql("adventure", "n")}, {id_sql("owner", f"n % {OWNERS}")}, 't', 'es', 'A1', true
        FROM generate_series(1, 50000) AS n""",
    f"""INSERT INTO adventure_entries (adventure_id, number, status, batch_id)
        SELECT {id_sql("adventure", "n")}, 1, CASE WHEN n % 1000 = 0 THEN 'pending' ELSE 'complete' END,
               {id_sql("batch", f"n % {BATCHES}")} FROM generate_series(1, 50000) AS n""",
)
"""Statements."""
