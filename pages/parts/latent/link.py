"""What a link to the Explore screen holds: which generator, and where in its latent space."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gan_core.errors import ConfigError
from gan_core.latent import View

START = View(mode="interpolate", label=3, label_b=8)
"""What is shown to one who comes without a link: the way from a 3 to an 8."""


@dataclass(frozen=True)
class Link:
    """A link, read.

    Attributes:
        run: None: the newest.
        images: the checkpoint, by images seen; None: the newest, live where the run trains.
        view: None: the link does not say.
    """

    run: str | None = None
    images: int | None = None
    view: View | None = None

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> Link:
        """
        Raises:
            ConfigError: names each bad part, its value and what is allowed.
        """
        images, view, wrong = query.get("images", "live"), None, []
        if images != "live" and not (images.isascii() and images.isdigit() and len(images) <= 15):
            wrong.append(f"images = {images[:80]!r}: must be a checkpoint's images seen, such as 50000, or live")
        try:
            if any(field in query for field in View.model_fields):
                view = View.from_query({"mode": START.mode, **query})
        except ConfigError as error:
            wrong.append(str(error))
        if wrong:
            raise ConfigError("; ".join(wrong))
        return cls(query.get("run") or None, None if images == "live" else int(images), view)

    def to_query(self) -> dict[str, str]:
        """The parts of the link as text; `mode` always, so that a view is never mistaken for none, nor for START's."""
        query = {} if self.run is None else {"run": self.run}
        if self.images is not None:
            query["images"] = str(self.images)
        if self.view is not None:
            query |= {"mode": self.view.mode, **self.view.to_query()}
        return query


def fitted(view: View, latent_dim: int, n_classes: int) -> View:
    """As much of the view as a generator has: classes and coordinates that it lacks are left out.

    Args:
        n_classes: 0 for a generator that is not told the class.
    """
    labels: dict[str, int | None] = {"label": None, "label_b": None}
    if n_classes:
        for field, start in (("label", START.label), ("label_b", START.label_b)):
            label = getattr(view, field)
            labels[field] = label if label is not None and label < n_classes else min(start or 0, n_classes - 1)
    dims = {dim: value for dim, value in view.dims.items() if dim < latent_dim}
    dim = view.dim if view.dim is not None and view.dim < latent_dim else None
    return view.model_copy(update={**labels, "dims": dims, "dim": dim}).check(latent_dim, n_classes)
