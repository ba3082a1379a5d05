"""Where a person stands in the lessons, for as long as the tab is open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gan_core.errors import LessonError
from gan_core.lessons import LANGUAGES, Course, Lesson, Outcome, Readings, course


@dataclass
class Attempt:
    """One lesson, as far as it was gone through.

    Attributes:
        choice: the answer that was predicted; it stands from the first run on.
        showing: the trial on the stage.
        seeds: trial → the seed in place of the lesson's own, where chance was asked for once more.
        found: trial → the readings that came of it.
        outcomes: trial → those, judged, in the words of the language of now.
        runs: trial → the name of its training run.
        notes: trial → why there is no outcome.
        waited: trial → how often its run was asked whether it is measured.
        turn: how often anything was put on the stage.
    """

    choice: str | None = None
    showing: str | None = None
    seeds: dict[str, int] = field(default_factory=dict)
    found: dict[str, Sequence[Readings]] = field(default_factory=dict)
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    runs: dict[str, str] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    waited: dict[str, int] = field(default_factory=dict)
    turn: int = 0

    @property
    def begun(self) -> bool:
        """Whether anything was run: the prediction stands then."""
        return self.showing is not None

    def ended(self, trial: str) -> bool:
        """Whether it was run, and there is something to say of it."""
        return trial in self.outcomes or trial in self.notes


@dataclass
class Visit:
    """One tab's visit.

    Attributes:
        lesson: id of the one that is open.
        settled: whether lesson and language are what the person wants, or only what is shown until the browser has
            told what it remembers.
        done: ids of the lessons done in this tab.
        round: how often was begun anew.
        query: the page's address as it was read last.
    """

    lesson: str
    language: str = "en"
    settled: bool = False
    done: set[str] = field(default_factory=set)
    round: int = 0
    attempts: dict[str, Attempt] = field(default_factory=dict)
    query: dict[str, str] | None = None
    complaints: list[str] = field(default_factory=list)

    def attempt(self) -> Attempt:
        """That at the lesson that is open."""
        return self.attempts.setdefault(self.lesson, Attempt())

    def address(self) -> dict[str, str]:
        """The link that opens this lesson in this language."""
        return {"lesson": str(place_of(course(self.language), self.lesson)), "lang": self.language}

    def read(self, query: Mapping[str, str]) -> None:
        """Go where a link says; what it does not say stays as it is, and what is wrong in it is kept in
        `complaints`."""
        self.query, self.complaints = dict(query), []
        if "lang" in query:
            if query["lang"] in LANGUAGES:
                self.language = query["lang"]
            else:
                self.complaints.append(f"lang = {query['lang']!r}: must be one of {', '.join(LANGUAGES)}")
        if "lesson" in query:
            try:
                self.lesson = asked_for(course(self.language), query["lesson"]).id
            except LessonError as error:
                self.complaints.append(str(error))


def place_of(course: Course, id: str) -> int:
    """The number of a lesson in the list, from 1."""
    return next(number for number, lesson in enumerate(course.lessons, 1) if lesson.id == id)


def asked_for(course: Course, text: str) -> Lesson:
    """The lesson of a number from 1, or of an id.

    Raises:
        LessonError: there is none.
    """
    for number, lesson in enumerate(course.lessons, 1):
        if text in (str(number), lesson.id):
            return lesson
    raise LessonError(f"lesson = {text[:40]!r}: must be a number from 1 to {len(course.lessons)}")
