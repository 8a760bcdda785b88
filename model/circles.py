"""Where one can go round: the strongly connected components of a graph."""

from __future__ import annotations

from collections.abc import Iterator

from model.search import Ways


class Circles:
    """The components in which one can go round.

    Source: R. Tarjan, "Depth-first search and linear graph algorithms", SIAM J. Comput. 1(2), 1972; without recursion.
    """

    def __init__(self, ways: list[Ways]) -> None:
        self._ways = ways
        self._order: dict[int, int] = {}
        self._low: dict[int, int] = {}
        self._open: list[int] = []
        self._is_open: set[int] = set()
        self._path: list[tuple[int, Iterator[int]]] = []

    def all(self) -> Iterator[set[int]]:
        """Each of them, as the numbers of its worlds."""
        for root in range(len(self._ways)):
            if root not in self._order:
                self._enter(root)
            while self._path:
                yield from self._go_on()

    def _enter(self, here: int) -> None:
        self._order[here] = self._low[here] = len(self._order)
        self._open.append(here)
        self._is_open.add(here)
        self._path.append((here, iter([after for _, after in self._ways[here]])))

    def _go_on(self) -> Iterator[set[int]]:
        here, nexts = self._path[-1]
        for after in nexts:
            if after not in self._order:
                self._enter(after)
                return
            if after in self._is_open:
                self._low[here] = min(self._low[here], self._order[after])
        self._path.pop()
        if self._path:
            before = self._path[-1][0]
            self._low[before] = min(self._low[before], self._low[here])
        if self._low[here] == self._order[here]:
            yield from self._closed(here)

    def _closed(self, root: int) -> Iterator[set[int]]:
        start = self._place(root)
        component = set(self._open[start:])
        del self._open[start:]
        self._is_open -= component
        if len(component) > 1 or any(after == root for _, after in self._ways[root]):
            yield component

    def _place(self, root: int) -> int:
        place = len(self._open) - 1
        while self._open[place] != root:
            place -= 1
        return place
