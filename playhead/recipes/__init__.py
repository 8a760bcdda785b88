"""Recipes: graphs of jobs that ship as data. Each is a JSON file in this folder, its form that of :class:`Recipe`."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from playhead.recipes.recipe import Recipe
from playhead.registry import kinds

__all__ = ["Recipe", "cookable", "recipes"]


@cache
def recipes() -> dict[str, Recipe]:
    """Every recipe by name, in the order of the names."""
    found = [one for one in files(__name__).iterdir() if one.name.endswith(".json")]
    read = [Recipe.model_validate_json(one.read_bytes()) for one in found]
    return {recipe.name: recipe for recipe in sorted(read, key=lambda one: one.name)}


def cookable() -> dict[str, Recipe]:
    """Those whose kinds of jobs are all there."""
    return {name: recipe for name, recipe in recipes().items() if recipe.kinds() <= kinds().keys()}
