"""The lab: GANs in the plane, played with.

    from gan_core.lab import Play, Scene
    play = Play(Scene.from_query({"objective": "wasserstein", "critic_steps": "5"}))
    for _ in range(500):
        play.step()
    play.readings().modes, play.view(("fake", "surface")).fake

    play.substep()                     # one part of an alternation, told in words
    play.change(lr_g=1e-3)             # any of CHANGEABLE
    play.view(at=200)                  # as it was then; play.past.steps are the places to go back to

It is the runs' own `Trainer` and `Game`, on points in the plane. Scene: what is played; Play: the game and what there
is to see; measures: what the numbers mean; SCENES: some to begin from.
"""

from gan_core.lab.play import CHANGEABLE, Play, Substep
from gan_core.lab.scene import Scene
from gan_core.lab.scenes import SCENES, NamedScene
from gan_core.lab.seen import EQUILIBRIUM, LAYERS, Readings, View

__all__ = [
    "CHANGEABLE", "EQUILIBRIUM", "LAYERS", "SCENES", "NamedScene", "Play", "Readings", "Scene", "Substep", "View",
]
