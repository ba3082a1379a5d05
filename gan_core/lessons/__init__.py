"""Lessons: read, predict, run it in the lab or as a training of pictures, and see whether it came out as predicted.

One file is one lesson; README.md beside this file says what stands in it.
"""

from __future__ import annotations

from gan_core.lessons.form import Choice, Goal, Header, Trial, filled, in_words
from gan_core.lessons.goals import Judged, Outcome, Readings, done, judge, marks
from gan_core.lessons.loader import LANGUAGES, Course, Lesson, course, read
from gan_core.lessons.readings import LAB_READINGS, RUN_READINGS, run_readings

__all__ = [
    "LAB_READINGS", "LANGUAGES", "RUN_READINGS", "Choice", "Course", "Goal", "Header", "Judged", "Lesson", "Outcome",
    "Readings",
    "Trial", "course", "done", "filled", "in_words", "judge", "marks", "read", "run_readings",
]
