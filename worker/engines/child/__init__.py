"""Engines that serve one request at a time, each in a process of its own.

Such an engine is a module that is run: it ends with ``serve(Request, handle)`` of
:mod:`worker.engines.child.serving`, where ``handle`` takes a request and yields replies, both pydantic models. In the
worker, ``Child("its.module", Reply, settings)`` stands for it, and ``ask(request)`` gives what ``handle`` yields.
"""

from __future__ import annotations

from worker.engines.child.child import Child

__all__ = ["Child"]
