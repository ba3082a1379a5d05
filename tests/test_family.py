"""Which runs descend from which, whatever they are called by now and whatever files from elsewhere say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gan_core.family import family, parent_of
from gan_core.runs import facts
from gan_core.store import Parent, RunInfo


def stamp(number: int) -> str:
    return f"2026-01-01T00:00:{number:02d}Z"


@pytest.fixture
def info(tiny: Callable[..., Any], tiny_config: Callable[..., Any]) -> Callable[..., RunInfo]:
    """A run created at second `number`, forked from (name, number, images)."""
    data, config = facts(tiny()), tiny_config()

    def make(number: int, parent: tuple[str, int, int] | None = None) -> RunInfo:
        link = parent and Parent(name=parent[0], created=stamp(parent[1]), images=parent[2])
        return RunInfo(created=stamp(number), config=config, dataset=data, parent=link)

    return make


def shape(infos: dict[str, RunInfo], *names: str) -> list[tuple[str, str | None, int]]:
    found = family(infos, names)
    return [(one.name, None if one.parent is None else found[one.parent].name, one.images) for one in found]


def test_a_tree_from_any_of_its_runs(info: Callable[..., RunInfo]):
    infos = {
        "a": info(1), "late": info(2, ("a", 1, 90)), "early": info(3, ("a", 1, 10)), "anew": info(5, ("a", 1, 0)),
        "deep": info(4, ("early", 3, 50)), "other": info(6),
    }
    tree = [("a", None, 0), ("anew", "a", 0), ("early", "a", 10), ("deep", "early", 50), ("late", "a", 90)]
    for name in ("a", "late", "deep"):
        assert shape(infos, name) == tree
    assert shape(infos, "deep", "late") == tree
    assert shape(infos, "other") == [("other", None, 0)] and shape(infos, "gone") == []
    assert shape(infos, "other", "a") == [("other", None, 0), *tree]


def test_a_renamed_parent_is_known_again_and_another_of_its_name_is_not(info: Callable[..., RunInfo]):
    infos = {"renamed": info(1), "first": info(7), "fork": info(2, ("first", 1, 10))}
    assert parent_of("fork", infos) == "renamed"
    assert shape(infos, "fork") == [("renamed", None, 0), ("fork", "renamed", 10)]
    assert shape(infos, "first") == [("first", None, 0)]
    infos["copy"] = info(1)  # the same run, imported once more
    assert parent_of("fork", infos) == "copy"
    infos["first"] = info(1)
    assert parent_of("fork", infos) == "first"


def test_a_deleted_parent_is_still_told(info: Callable[..., RunInfo]):
    infos = {"x": info(2, ("gone", 1, 10)), "y": info(3, ("x", 2, 20)), "gone": info(9)}
    found = family(infos, ["y"])
    assert [(one.name, one.parent, one.gone) for one in found] == [
        ("gone", None, True), ("x", 0, False), ("y", 1, False)
    ]


def test_files_that_lead_in_a_circle_end(info: Callable[..., RunInfo]):
    infos = {"a": info(1, ("b", 2, 5)), "b": info(2, ("a", 1, 5)), "self": info(3, ("self", 3, 1))}
    assert {name for name, _, _ in shape(infos, "a")} == {"a", "b"}
    assert [name for name, _, _ in shape(infos, "self")] == ["self", "self"]  # its parent is none that is here
