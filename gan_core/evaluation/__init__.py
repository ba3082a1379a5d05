"""How good the samples are: features made for the data, distances between real and drawn, and what they say."""

from gan_core.evaluation.checkpoint import Evaluation, evaluate, kept, measure
from gan_core.evaluation.classifier import Classifier, load_or_train, train
from gan_core.evaluation.extractors import Extractor, extractor_at_hand, extractor_for
from gan_core.evaluation.frechet import Moments, frechet_distance, frechet_error
from gan_core.evaluation.judge import Judge, Scores, judge_for, most_samples
from gan_core.evaluation.sampling import draw, draw_real

__all__ = [
    "Classifier", "Evaluation", "Extractor", "Judge", "Moments", "Scores", "draw", "draw_real", "evaluate",
    "extractor_at_hand", "extractor_for", "frechet_distance", "frechet_error", "judge_for", "kept", "load_or_train",
    "measure", "most_samples", "train",
]
