"""The scenes do what their sentences say."""

from __future__ import annotations

import pytest

from gan_core.lab import SCENES, Play, Readings, Scene


def after(name: str, *looks: int, seed: int = 0) -> list[Readings]:
    """A named scene's readings at those steps."""
    play, found = Play(SCENES[name].scene.changed(seed=seed)), []
    for look in looks:
        while play.step_count < look:
            play.step()
        found.append(play.readings())
    return found


def test_they_are_told_apart_and_fit_in_a_link() -> None:
    for part in ("title", "sentence", "scene"):
        assert len({getattr(named, part) for named in SCENES.values()}) == len(SCENES)
    assert SCENES["ring"].scene == Scene()
    for name, named in SCENES.items():
        assert named.title and named.sentence.endswith(".") and len(named.sentence) < 120, name
        assert Scene.from_query(named.scene.to_query()) == named.scene
        Play(named.scene).substep()


@pytest.mark.parametrize(
    ("cure", "disease", "fields"),
    [
        ("collapse", "ring", {"lr_g"}), ("critic", "collapse", {"critic_steps"}),
        ("unrolled", "collapse", {"unrolled_steps"}), ("r1", "half", {"r1_weight"}), ("packed", "half", {"packing"}),
        ("wasserstein", "half", {"objective", "gp_weight"}), ("weak-d", "ring", {"units_d"}),
    ],
)
def test_what_differs_is_what_the_title_says(cure: str, disease: str, fields: set[str]) -> None:
    one, other = (SCENES[name].scene.model_dump() for name in (cure, disease))
    assert {name for name in one if one[name] != other[name]} == fields


def test_the_ring_is_found_and_collapses() -> None:
    """The default scene, and the one where G is too fast, the first time that a person sees them.

    Where these are after so many steps, the last bit of a sum decides, so that they leave room for other processors.
    """
    assert (after("ring", 1500)[-1].modes or 0) >= 7
    assert all((one.modes or 0) <= 2 for one in after("collapse", 200, 400, 600))


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("ring", 8, 8), ("collapse", 0, 1), ("critic", 7, 8), ("unrolled", 7, 8), ("half", 2, 5), ("r1", 7, 8),
        ("packed", 7, 8), ("wasserstein", 7, 8),
    ],
)
def test_modes_of_the_ring_on_most_seeds(name: str, least: int, most: int) -> None:
    found = [after(name, 1500, seed=seed)[0].modes or 0 for seed in range(3)]
    assert sum(least <= modes <= most for modes in found) >= 2, found
