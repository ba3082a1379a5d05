"""How good the samples are: features made for the data, and distances between what is real and what is drawn."""

from gan_core.evaluation.classifier import Classifier, load_or_train, train
from gan_core.evaluation.frechet import Moments, frechet_distance
from gan_core.evaluation.sampling import draw, draw_real

__all__ = ["Classifier", "Moments", "draw", "draw_real", "frechet_distance", "load_or_train", "train"]
