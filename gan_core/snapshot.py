"""What is known of a run at one moment."""

from __future__ import annotations

from dataclasses import dataclass

from gan_core.config import RunConfig
from gan_core.store import DatasetFacts

ACTIVE = ("queued", "training", "paused", "stopping")
ENDED = ("stopped", "finished", "failed", "interrupted")


@dataclass(frozen=True)
class Snapshot:
    """What is known of a run at one moment. Immutable: a reader keeps it as long as it likes.

    Attributes:
        state: queued, training, paused, stopping, stopped, finished, failed or interrupted.
        reason: why, where the state needs a reason.
        rate: images a second lately, smoothed; 0 when not training.
        target_images, target_seconds: the length asked for; both None: until stopped.
        here: trained by this process, so that its buttons work.
    """

    name: str
    state: str
    reason: str | None
    config: RunConfig
    dataset: DatasetFacts
    step: int
    images: int
    seconds: float
    rate: float
    target_images: int | None
    target_seconds: float | None
    here: bool

    @property
    def progress(self) -> float:
        """Share of the length that is done, in [0, 1]."""
        if self.state == "finished":
            return 1.0
        if self.target_images:
            return min(1.0, self.images / self.target_images)
        return min(1.0, self.seconds / self.target_seconds) if self.target_seconds else 0.0

    @property
    def seconds_left(self) -> float | None:
        """Training time still to go at the present rate; None where that cannot be known."""
        if self.target_seconds is not None:
            return max(0.0, self.target_seconds - self.seconds)
        if self.target_images is None or self.rate <= 0:
            return None
        return max(0.0, (self.target_images - self.images) / self.rate)
