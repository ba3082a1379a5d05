"""The family of the runs shown: which was forked from which, where, and with what changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from gan_core.config import LENGTHS, RunConfig
from gan_core.family import Member, family
from gan_core.figures import Branch
from gan_core.figures import family as drawn
from gan_core.snapshot import Snapshot
from gan_core.store import RunInfo
from gan_core.words import in_words
from pages.parts.charts import figure
from pages.parts.compare.drawing import Shown
from pages.parts.workbench import runs

OTHERS = "#8a8f98"


def forked_at(run: str) -> int | None:
    """Images seen where a run branched off; None where it has no parent, or nothing of it."""
    parent = runs().folder(run).info.parent
    return parent.images if parent is not None and parent.images else None


def section(shown: Sequence[Shown], colours: Mapping[str, str]) -> None:
    """The section of the page; nothing where no run shown was forked, nor is a fork."""
    snapshots = {one.name: one for one in runs().snapshots()}
    infos = {name: runs().folder(name).info for name in snapshots}
    members = family(infos, [one.choice.run for one in shown])
    if not any(member.parent is not None for member in members):
        return
    st.subheader(
        "Family", help="Each line is a run. A fork begins below its parent's line, where it branched off, and has its "
        "parent's curves until there. In grey: relatives that are not shown above.",
    )
    told = ", ".join(
        f"{one.name} from {members[one.parent].name} at {one.images:,} images"
        for one in members if one.parent is not None
    )
    branches = _branches(members, snapshots, infos, colours)
    figure(drawn(branches), "compare_family", f"Which run was forked from which: {told}")


def _branches(
    members: Sequence[Member], snapshots: Mapping[str, Snapshot], infos: Mapping[str, RunInfo],
    colours: Mapping[str, str],
) -> list[Branch]:
    branches = []
    for row, one in enumerate(members):
        if one.gone:
            reach = max((other.images for other in members if other.parent == row), default=0)
            branches.append(Branch(f"{one.name} (not here any more)", OTHERS, None, 0, reach))
            continue
        told = ""
        if one.parent is not None and not members[one.parent].gone:
            told = _differences(infos[one.name].config, infos[members[one.parent].name].config)
        end = max(one.images, snapshots[one.name].images)
        branches.append(Branch(one.name, colours.get(one.name, OTHERS), one.parent, one.images, end, told))
    return branches


def _differences(mine: RunConfig, its: RunConfig) -> str:
    changed = [
        f"{RunConfig.model_fields[name].title} {in_words(was)} → {in_words(now)}"
        for name, (now, was) in mine.differences(its).items() if name not in LENGTHS
    ]
    return ", ".join(changed[:5]) + (f" and {len(changed) - 5} more" if len(changed) > 5 else "")
