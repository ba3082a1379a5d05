"""Playing a lesson's trial without a screen, as its test does."""

from __future__ import annotations

from gan_core.lab import Play
from gan_core.lessons.form import Header
from gan_core.lessons.goals import Outcome, judge, marks


def play(header: Header, trial: str, seed: int | None = None) -> Outcome:
    """Play a trial of the lab to its last mark, and judge it.

    Args:
        seed: in place of the lesson's own.
    """
    game, found = Play(header.scene(trial, seed)), []
    for mark in marks(header, trial):
        while game.step_count < mark:
            game.step()
        found.append(game.readings().as_dict())
    return judge(header, trial, found)
