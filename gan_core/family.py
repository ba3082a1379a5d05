"""Which runs descend from which: forks, their forks, and what they come from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from gan_core.store import RunInfo


@dataclass(frozen=True)
class Member:
    """A run in its family.

    Attributes:
        parent: its parent's number in the family, None where it has none.
        images: seen where it was forked; 0: it began anew.
        gone: it is known only by its forks: it was deleted, or lies elsewhere.
    """

    name: str
    parent: int | None
    images: int
    gone: bool = False


def parent_of(name: str, infos: Mapping[str, RunInfo]) -> str | None:
    """The present name of a run's parent; None where it has none, or none that is here.

    It is known by when it was created: it may have another name by now, and another run its old one. Of several copies
    the one of the old name counts.
    """
    parent = infos[name].parent
    if parent is None:
        return None
    same = [other for other, info in infos.items() if info.created == parent.created and other != name]
    return parent.name if parent.name in same else min(same, default=None)


def family(infos: Mapping[str, RunInfo], names: Sequence[str]) -> list[Member]:
    """All that the runs `names` descend from, and all that descends from that: each after its parent, forks in the
    order of where they branch off. Runs without relatives stand alone; forks of one that is gone stay apart, below it.

    Args:
        infos: of every run there is, by name.
    """
    parents = {name: parent_of(name, infos) for name in infos}
    children: dict[str | None, list[str]] = {}
    for name, parent in parents.items():
        children.setdefault(parent, []).append(name)
    found: list[Member] = []
    rows: dict[str, int] = {}  # of runs by name, of those that are gone by when they were created
    for root in dict.fromkeys(_root(name, parents) for name in names if name in infos):
        for name in _down(root, children, infos):
            link, above = infos[name].parent, parents[name]
            if link is not None and above is None and link.created not in rows:
                rows[link.created] = len(found)
                found.append(Member(link.name, None, 0, gone=True))
            row = None if link is None else rows.get(link.created if above is None else above)
            rows[name] = len(found)
            found.append(Member(name, row, link.images if link is not None else 0))
    return found


def _root(name: str, parents: Mapping[str, str | None]) -> str:
    """Upwards as far as it goes; files from elsewhere may even lead in a circle."""
    seen = {name}
    while (above := parents[name]) is not None and above not in seen:
        seen.add(name := above)
    return name


def _down(root: str, children: Mapping[str | None, Sequence[str]], infos: Mapping[str, RunInfo]) -> Iterator[str]:
    seen, waiting = set(), [root]
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        yield name
        waiting += sorted(children.get(name, ()), key=lambda child: _place(infos[child]), reverse=True)


def _place(info: RunInfo) -> tuple[int, str]:
    return (info.parent.images if info.parent else 0, info.created)
