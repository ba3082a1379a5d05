"""Lessons from files: what is read, what is refused and in which words, and what a missing translation does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gan_core.errors import LessonError
from gan_core.lessons import read
from gan_core.lessons.loader import parse, translated

ENGLISH = """+++
title = "One"
order = 1
needed = 1

[lab]
data = "ring-of-8"

[trial.plain]
title = "Plain"

[trial.other]
title = "Other"
say = "With more."
lab = { r1_weight = 1.0 }

[goal.low]
trial = "plain"
reading = "modes"
at = 100
at_most = 3
met = "Only {value}."
not_yet = "As many as {value}."

[goal.high]
trial = "other"
reading = "js"
at = [100, 200]
at_least = 0.1
met = "It is {value}."
not_yet = "It is only {value}."

[predict]
question = "Which?"
right = "b"

[choice.a]
text = "The one"
reply = "No: {plain.modes}."

[choice.b]
text = "The other"
reply = "Yes."
+++
Read this: $x$.

---
It was {other.js}.
"""

CHINESE = """+++
title = "一"

[trial.plain]
title = "普通"

[trial.other]
title = "另一个"
say = "更多。"

[goal.low]
met = "只有 {value}。"
not_yet = "多达 {value}。"

[goal.high]
met = "是 {value}。"
not_yet = "只有 {value}。"

[predict]
question = "哪一个？"

[choice.a]
text = "这个"
reply = "不是：{plain.modes}。"

[choice.b]
text = "那个"
reply = "对。"
+++
先读：$x$。

---
结果是 {other.js}。
"""


def test_a_file_is_read_whole() -> None:
    lesson = parse(ENGLISH, "en/one.md")
    assert (lesson.id, lesson.title, lesson.language) == ("one", "One", "en")
    assert lesson.before == "Read this: $x$." and lesson.after == "It was {other.js}."
    header = lesson.header
    assert list(header.trial) == ["plain", "other"] and list(header.choice) == ["a", "b"]
    assert header.goal["low"].at == (100,) and header.goal["high"].at == (100, 200)
    assert header.scene("plain").r1_weight == 0 and header.scene("other").r1_weight == 1
    assert header.scene("other", 7).seed == 7 and header.scene("other").data == "ring-of-8"


def test_windows_line_ends_and_a_byte_order_mark_change_nothing() -> None:
    assert parse("\ufeff" + ENGLISH.replace("\n", "\r\n"), "en/one.md") == parse(ENGLISH, "en/one.md")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("+++\n", "", "en/one.md: a lesson begins with a line +++"),
        ("\n---\n", "\n", "a line ---, and what was to be seen"),
        ('title = "One"', "title = One", "en/one.md: its settings are no TOML"),
        ('title = "One"\n', "", "en/one.md: title: is missing"),
        ('title = "One"', 'title = "One"\ncolour = "red"', "en/one.md: colour: there is no such field"),
        ("order = 1", 'order = "first"', "en/one.md: order: "),
        ("needed = 1", "needed = 3", "needed = 3: there are 2 trials"),
        ("at_most = 3\n", "", "goal.low: neither at_least nor at_most"),
        ("at_most = 3", "at_most = 3\nat_least = 4", "goal.low: at_least = 4 is more than at_most = 3"),
        ("at = [100, 200]", "at = [200, 100]", "goal.high: at = [200, 100]: steps must rise"),
        ("at = 100\n", "", "goal.low.at: give the step"),
        ('reading = "js"', 'reading = "jss"', "goal.high.reading = 'jss': must be one of loss_d"),
        ('trial = "plain"', 'trial = "plane"', "there is no trial 'plane'; the trials are plain, other"),
        ('trial = "other"', 'trial = "plain"', "trial.other: has no goal"),
        ('right = "b"', 'right = "c"', "predict.right = 'c': must be one of a, b"),
        ("r1_weight = 1.0", "r1_weight = -1.0", "en/one.md: trial.other: r1_weight = -1.0: must be"),
        ("r1_weight = 1.0", "r1 = 1.0", "en/one.md: trial.other: r1 = 1.0: there is no such setting"),
        ("lab = { r1", "run = { r1", "trial.other: is of the lab or a training run, not both"),
        ("{other.js}", "{others.js}", "{others.js}: there is no trial 'others'"),
        ("{plain.modes}", "{plain.heaps}", "choice.a.reply: {plain.heaps}: there is no reading 'heaps'"),
        ("Read this", "Read {plain.modes}", "{plain.modes} is not known before the run"),
        ("It was", "It was {value},", "what was to be seen: {value} is for what goals say"),
        ("[choice.b]", "[choice.B]", "en/one.md: choice.B"),
    ],
)
def test_what_is_wrong_is_named_with_its_file_and_field(old: str, new: str, said: str) -> None:
    assert old in ENGLISH
    with pytest.raises(LessonError) as error:
        parse(ENGLISH.replace(old, new, 1), "en/one.md")
    assert said in str(error.value), str(error.value)


def test_several_faults_are_all_told() -> None:
    wrong = ENGLISH.replace('title = "One"\n', "").replace("order = 1", "order = -1")
    with pytest.raises(LessonError, match=r"title: is missing.*order: "):
        parse(wrong, "en/one.md")


def test_a_training_run_is_judged_at_its_end() -> None:
    runs = ENGLISH.replace('[lab]\ndata = "ring-of-8"', '[run]\npreset = "quick"\nimages = 640')
    runs = runs.replace("lab = { r1_weight = 1.0 }", 'run = { preset = "article" }').replace("plain.modes", "plain.fid")
    runs = runs.replace('"modes"\nat = 100', '"classes"').replace('"js"\nat = [100, 200]', '"fid"')
    header = parse(runs.replace("other.js", "other.fid"), "en/one.md").header
    assert header.trains("plain") and header.config("plain").images == 640
    assert header.config("other").network == "mlp" and header.config("other", 3).seed == 3
    with pytest.raises(LessonError, match=r"goal.low.at: a training run is judged at its end"):
        parse(runs.replace('"classes"', '"classes"\nat = 100').replace("other.js", "other.fid"), "en/one.md")


def test_a_translation_has_the_settings_of_the_english_file() -> None:
    source = parse(ENGLISH, "en/one.md")
    lesson = translated(source, CHINESE, "zh/one.md", "zh")
    assert (lesson.id, lesson.language, lesson.title) == ("one", "zh", "一")
    assert lesson.header.goal["low"].met == "只有 {value}。" and lesson.header.goal["low"].at_most == 3
    assert lesson.header.trial["other"].say == "更多。" and lesson.header.scene("other") == source.header.scene("other")
    assert lesson.header.predict.right == "b" and lesson.header.choice["a"].text == "这个"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('[choice.b]\ntext = "那个"\nreply = "对。"\n', "", "zh/one.md: choice.b: is missing"),
        ("[goal.high]", "[goal.higher]", "goal.high: is missing"),
        ('say = "更多。"\n', "", "trial.other.say: "),
        ('title = "一"', 'title = "一"\norder = 3', "zh/one.md: order: there is no such field"),
        ("{other.js}", "{other.jss}", "there is no reading 'jss'"),
    ],
)
def test_a_translation_that_does_not_fit_is_refused(old: str, new: str, said: str) -> None:
    assert old in CHINESE
    with pytest.raises(LessonError) as error:
        translated(parse(ENGLISH, "en/one.md"), CHINESE.replace(old, new, 1), "zh/one.md", "zh")
    assert said in str(error.value), str(error.value)


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Put files into a folder of lessons: (name → text) → the folder."""

    def put(**files: str) -> Path:
        for name, text in files.items():
            language, _, stem = name.partition("_")
            path = tmp_path / language / f"{stem}.md"
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return tmp_path

    return put


def test_what_is_not_translated_is_there_in_english(write: Callable[..., Path]) -> None:
    two = ENGLISH.replace("order = 1", "order = 2").replace('"One"', '"Two"')
    course = read("zh", write(en_two=two, en_one=ENGLISH, zh_one=CHINESE))
    assert [lesson.title for lesson in course.lessons] == ["一", "Two"]
    assert course.missing == {"two"} and course.wrong == ()


def test_one_wrong_file_does_not_cost_the_others(write: Callable[..., Path]) -> None:
    folder = write(en_one=ENGLISH, en_two="nothing", zh_one="nothing", zh_three=CHINESE)
    english, chinese = read("en", folder), read("zh", folder)
    assert [lesson.id for lesson in english.lessons] == ["one"]
    assert len(english.wrong) == 1 and english.wrong[0].startswith("en/two.md: a lesson begins")
    assert chinese.missing == {"one"} and chinese.lessons[0].language == "en"
    assert [what.split(":")[0] for what in chinese.wrong] == ["en/two.md", "zh/one.md", "zh/three.md"]


def test_two_lessons_cannot_stand_at_one_place(write: Callable[..., Path]) -> None:
    course = read("en", write(en_one=ENGLISH, en_two=ENGLISH))
    assert len(course.lessons) == 1 and course.wrong == ("en/two.md: order: 1 is that of en/one.md too",)


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(LessonError, match="lang = 'fr': must be one of en, zh"):
        read("fr")
