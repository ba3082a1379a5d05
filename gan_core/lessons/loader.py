"""Lessons from their files."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from gan_core.errors import ConfigError, LessonError
from gan_core.lessons.form import PLACE, VALUE, Header, Part, Words, texts_of
from gan_core.lessons.readings import LAB_READINGS, RUN_READINGS

FOLDER = Path(__file__).parent
LANGUAGES = {"en": "English", "zh": "中文"}
SOURCE = "en"
"""The language whose files hold the settings and goals, too."""

FENCE, SEEN = "+++", "---"
"""Lines around the header, and between what is read before the run and what is told after it."""

Form = TypeVar("Form", bound=Part)


@dataclass(frozen=True)
class Lesson:
    """One lesson in one language.

    Attributes:
        id: its file's name without the ending.
        language: of its texts.
        header: settings and goals, with this language's texts.
        before, after: Markdown to read before the run, and to tell after it; {trial.reading} in the latter.
    """

    id: str
    language: str
    header: Header
    before: str
    after: str

    @property
    def title(self) -> str:
        return self.header.title


def split(text: str, name: str) -> tuple[str, str, str]:
    """A file's text → header, what is told before the run, and after it.

    Raises:
        LessonError: a part is missing.
    """
    lines = text.replace("\r\n", "\n").lstrip("﻿").split("\n")
    if lines[0].strip() != FENCE or FENCE not in (line.strip() for line in lines[1:]):
        raise LessonError(f"{name}: a lesson begins with a line {FENCE}, settings as TOML, and another line {FENCE}")
    end = next(number for number, line in enumerate(lines[1:], 1) if line.strip() == FENCE)
    body = "\n".join(lines[end + 1:])
    before, line, after = body.partition(f"\n{SEEN}\n")
    if not line or not before.strip() or not after.strip():
        raise LessonError(
            f"{name}: below the settings comes what is read before the run, a line {SEEN}, and what was to be seen"
        )
    return "\n".join(lines[1:end]), before.strip(), after.strip()


def _header(text: str, name: str, form: type[Form]) -> Form:
    """
    Raises:
        LessonError: no TOML, or not what a lesson's header is; each field that is wrong is named.
    """
    try:
        return form.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise LessonError(f"{name}: its settings are no TOML: {error}") from None
    except ValidationError as error:
        raise LessonError("; ".join(f"{name}: {_in_words(part)}" for part in error.errors())) from None


def _in_words(error: object) -> str:
    assert isinstance(error, dict)
    where = ".".join(str(part) for part in error["loc"] if part != "[key]")
    said = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        said = "there is no such field"
    if error["type"] == "missing":
        said = "is missing"
    return f"{where}: {said}" if where else said


def parse(text: str, name: str) -> Lesson:
    """A lesson's file in English.

    Args:
        name: of the file, as errors tell it.

    Raises:
        LessonError: names the file and the field.
    """
    settings, before, after = split(text, name)
    header = _header(settings, name, Header)
    for trial in header.trial:
        try:
            if header.trains(trial):
                header.config(trial)
            else:
                header.scene(trial)
        except (ConfigError, TypeError) as error:
            raise LessonError(f"{name}: trial.{trial}: {error}") from None
    lesson = Lesson(Path(name).stem, SOURCE, header, before, after)
    check_places(lesson, name)
    return lesson


def translated(source: Lesson, text: str, name: str, language: str) -> Lesson:
    """A lesson with the texts of another language's file.

    Raises:
        LessonError: names the file and the field; also where ids are not those of the English file.
    """
    settings, before, after = split(text, name)
    words, header = _header(settings, name, Words), source.header
    for part in ("trial", "goal", "choice"):
        there, wanted = getattr(words, part), getattr(header, part)
        for missing in [one for one in wanted if one not in there]:
            raise LessonError(f"{name}: {part}.{missing}: is missing, and the English file has it")
        for more in [one for one in there if one not in wanted]:
            raise LessonError(f"{name}: {part}.{more}: the English file has none of that name")
    for name_of, trial in header.trial.items():
        if bool(trial.say) != bool(words.trial[name_of].say):
            raise LessonError(f"{name}: trial.{name_of}.say: is for where the English file has it")
    told = {
        "title": words.title,
        "predict": _with(header.predict, words.predict),
        **{part: {one: _with(getattr(header, part)[one], getattr(words, part)[one]) for one in getattr(header, part)}
           for part in ("trial", "goal", "choice")},
    }
    lesson = Lesson(source.id, language, header.model_copy(update=told), before, after)
    check_places(lesson, name)
    return lesson


def _with(part: Part, words: Part) -> Part:
    """A part of the header with another language's texts in the place of its own."""
    return part.model_copy(update=words.model_dump())


def check_places(lesson: Lesson, name: str) -> None:
    """Whether each place for a number in a text can be filled.

    Raises:
        LessonError: one names no trial or no reading, or stands in a text that is shown before the run.
    """
    header = lesson.header
    bodies = (("what is read before", lesson.before), ("what was to be seen", lesson.after))
    for field, text in (*texts_of(header), *bodies):
        told = field == "what was to be seen" or field.endswith(".reply")
        for trial, reading in PLACE.findall(text):
            if not told:
                raise LessonError(f"{name}: {field}: {{{trial}.{reading}}} is not known before the run")
            if trial not in header.trial:
                raise LessonError(
                    f"{name}: {field}: {{{trial}.{reading}}}: there is no trial {trial!r}; the trials are "
                    f"{', '.join(header.trial)}"
                )
            known = RUN_READINGS if header.trains(trial) else LAB_READINGS
            if reading not in known:
                raise LessonError(
                    f"{name}: {field}: {{{trial}.{reading}}}: there is no reading {reading!r}; the readings are "
                    f"{', '.join(known)}"
                )
        if VALUE in text and not field.startswith("goal."):
            raise LessonError(f"{name}: {field}: {VALUE} is for what goals say; write {{trial.reading}}")


@dataclass(frozen=True)
class Course:
    """All lessons in one language, in their order.

    Attributes:
        missing: ids of those whose texts are English, because there is no file in this language.
        wrong: what is wrong with files that cannot be used, in words; an English file that is wrong leaves its lesson
            out.
    """

    language: str
    lessons: tuple[Lesson, ...]
    missing: frozenset[str]
    wrong: tuple[str, ...]


def read(language: str = SOURCE, folder: Path = FOLDER) -> Course:
    """The lessons below `folder`, one folder for each language.

    Raises:
        LessonError: there is no such language.
    """
    if language not in LANGUAGES:
        raise LessonError(f"lang = {language!r}: must be one of {', '.join(LANGUAGES)}")
    wrong: list[str] = []
    found: dict[str, Lesson] = {}
    for path in sorted((folder / SOURCE).glob("*.md")):
        name = f"{SOURCE}/{path.name}"
        for lesson in _tried(lambda path=path, name=name: parse(_text(path), name), wrong):
            twin = next((one for one in found.values() if one.header.order == lesson.header.order), None)
            if twin is not None:
                wrong.append(f"{name}: order: {lesson.header.order} is that of {SOURCE}/{twin.id}.md too")
                continue
            found[lesson.id] = lesson
    missing: set[str] = set()
    if language != SOURCE:
        for id, lesson in found.items():
            path = folder / language / f"{id}.md"
            name = f"{language}/{path.name}"
            if path.is_file():
                for other in _tried(
                    lambda path=path, name=name, lesson=lesson: translated(lesson, _text(path), name, language), wrong
                ):
                    found[id] = other
            if found[id].language != language:
                missing.add(id)
        wrong += [
            f"{language}/{path.name}: there is no English lesson of that name"
            for path in sorted((folder / language).glob("*.md")) if path.stem not in found
        ]
    ordered = sorted(found.values(), key=lambda lesson: lesson.header.order)
    return Course(language, tuple(ordered), frozenset(missing), tuple(wrong))


def _tried(load: Callable[[], Lesson], wrong: list[str]) -> Iterator[Lesson]:
    try:
        yield load()
    except LessonError as error:
        wrong.append(str(error))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise LessonError(f"{path.parent.name}/{path.name}: cannot be read: {error}") from None


@lru_cache(maxsize=len(LANGUAGES))
def course(language: str = SOURCE) -> Course:
    """The lessons that come with the program; see `read`."""
    return read(language)
