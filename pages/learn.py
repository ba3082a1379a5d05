"""Learn: short lessons that are read, predicted, run and seen."""

from __future__ import annotations

import streamlit as st

from gan_core.errors import WorkbenchError
from gan_core.lessons import LANGUAGES, Lesson, course, done, filled
from pages.parts.learn import lesson_list, said
from pages.parts.learn.stage import begin, note_outcomes, stage
from pages.parts.learn.state import Attempt, Visit, place_of
from pages.parts.learn.words import WORDS
from pages.parts.trip import stay
from pages.parts.words import plain


def visit() -> Visit:
    """Where this tab stands: at first, the first lesson in the browser's language."""
    if "learn_visit" not in st.session_state:
        locale = (st.context.locale or "en").split("-")[0].lower()
        st.session_state.learn_visit = Visit(course().lessons[0].id, locale if locale in LANGUAGES else "en")
    return st.session_state.learn_visit


def words() -> dict[str, str]:
    return WORDS[visit().language]


def go(lesson: str | None = None, language: str | None = None) -> None:
    """Open another lesson, or the same in another language; the address says so."""
    here = visit()
    here.lesson, here.language = lesson or here.lesson, language or here.language
    here.settled, here.complaints = True, []
    here.query = here.address()
    st.query_params.from_dict(here.query)


def read_address() -> None:
    """Go where the address says, when it says something new."""
    stay()
    here, query = visit(), st.query_params.to_dict()
    if query == here.query:
        return
    if not query and here.settled:  # back from another page
        go()
        return
    here.read(query)
    here.settled = here.settled or {"lesson", "lang"} <= query.keys()


# what the list tells


def on_hello() -> None:
    """What the browser remembers, unless the link says otherwise."""
    here, told = visit(), said("hello")
    if here.settled or not isinstance(told, dict):
        return
    language, lesson = told.get("lang"), told.get("last")
    known, complaints = [one.id for one in course().lessons], here.complaints
    go(
        lesson if lesson in known and "lesson" not in st.query_params else None,
        language if language in LANGUAGES and "lang" not in st.query_params else None,
    )
    here.complaints = complaints  # of the link, which nobody has read yet


def on_choice() -> None:
    if said("chosen") in [lesson.id for lesson in course().lessons]:
        go(said("chosen"))


def on_anew() -> None:
    here = visit()
    here.attempts, here.done, here.round = {}, set(), here.round + 1
    go(course().lessons[0].id)


def on_language() -> None:
    if st.session_state.learn_language in LANGUAGES:
        go(language=st.session_state.learn_language)


# one lesson


def predict(lesson: Lesson, attempt: Attempt) -> None:
    """The question. The answer stands from the first run on."""
    choices, key = list(lesson.header.choice), f"learn_choice/{lesson.id}/{lesson.language}/{visit().round}"

    def take() -> None:
        attempt.choice = st.session_state[key]

    st.markdown(f"**{words()['predict']}** {lesson.header.predict.question}")
    st.radio(
        lesson.header.predict.question, choices, format_func=lambda name: lesson.header.choice[name].text, key=key,
        index=choices.index(attempt.choice) if attempt.choice else None, on_change=take, disabled=attempt.begun,
        label_visibility="collapsed",
    )
    if attempt.choice is None:
        st.caption(words()["first"])


def trials(lesson: Lesson, attempt: Attempt) -> None:
    """A button for each."""
    header = lesson.header
    names = list(header.trial)
    following = next((name for name in names if name not in attempt.outcomes and name != attempt.showing), None)
    waiting = attempt.showing is not None and not attempt.ended(attempt.showing)
    with st.container(horizontal=True, key="learn_trials"):
        for name in names:
            again = name in attempt.outcomes or name == attempt.showing
            ready = attempt.choice is not None and (name == names[0] or attempt.ended(names[0]))
            primary = name == following and not waiting and not done(header, attempt.outcomes)
            st.button(
                words()["again" if again else "run"].format(title=header.trial[name].title),
                type="primary" if primary else "secondary", disabled=not ready,
                help=header.trial[name].say if attempt.begun and not again else None,
                key=f"learn_run/{lesson.id}/{name}", on_click=start, args=(lesson, name),
            )


def results(lesson: Lesson, attempt: Attempt) -> None:
    """What came of the trials that were run."""
    header = lesson.header
    for name, trial in header.trial.items():
        outcome = attempt.outcomes.get(name)
        if outcome is None:
            continue
        for judged in outcome.judged:
            mark = ":green[**✓**]" if judged.met else ":orange[**○**]"
            st.markdown(f"{mark}&ensp;{judged.text}")
        if not outcome.met:
            label = f"**{trial.title}.** " if len(header.trial) > 1 else ""
            st.caption(f"{label}{words()['missed']}")
            st.button(
                words()["other"], icon=":material/casino:", key=f"learn_other/{lesson.id}/{name}",
                help=words()["other_help"], on_click=start, args=(lesson, name, True),
            )


def start(lesson: Lesson, trial: str, other: bool = False) -> None:
    try:
        begin(lesson, trial, visit().attempt(), other)
    except WorkbenchError as error:
        st.toast(plain(str(error)), icon=":material/warning:")


def seen(lesson: Lesson, attempt: Attempt) -> None:
    """The answer, and what was to be seen; then the next lesson."""
    header, here = lesson.header, visit()
    told = {name: outcome.told for name, outcome in attempt.outcomes.items()}
    with st.container(border=True, key="learn_seen"):
        mine, right = header.choice[attempt.choice or header.predict.right], header.choice[header.predict.right]
        good = attempt.choice == header.predict.right
        mark = f":green[**✓ {words()['right']}**]" if good else f":orange[**{words()['wrong']}**]"
        st.markdown(f"{words()['yours']} *{mine.text}*")
        st.markdown(f"{mark} {filled(mine.reply, told)}")
        if not good:
            st.markdown(f"**{words()['right_one']}** *{right.text}* {filled(right.reply, told)}")
        st.markdown(f"**{words()['seen']}** {filled(lesson.after, told)}")
        lessons = course(here.language).lessons
        number = place_of(course(here.language), lesson.id)
        if number < len(lessons):
            following = lessons[number]
            st.button(
                words()["next"].format(title=following.title), type="primary", icon=":material/arrow_forward:",
                key="learn_next", on_click=go, args=(following.id,),
            )
        else:
            st.success(words()["all_done"])


def what_is_left(lesson: Lesson, attempt: Attempt) -> None:
    """Between the first run and the last: which to run for the lesson to be done."""
    header = lesson.header
    left = [name for name in header.trial if name not in attempt.outcomes]
    if not attempt.outcomes or not left or attempt.showing not in attempt.outcomes:
        return
    titles = ", ".join(header.trial[name].title for name in left)
    st.caption(words()["more_any" if header.needed and len(left) > 1 else "more"].format(titles=titles))


def head(lesson: Lesson) -> None:
    here = visit()
    with st.container(horizontal=True, vertical_alignment="center", key="learn_head"):
        st.caption(words()["lesson"].format(number=place_of(course(here.language), lesson.id)))
        st.space("stretch")
        st.session_state.learn_language = here.language
        st.segmented_control(
            words()["language"], list(LANGUAGES), format_func=LANGUAGES.__getitem__, key="learn_language",
            on_change=on_language, label_visibility="collapsed", required=True, width="content",
        )
    st.subheader(lesson.title, anchor=False)
    if lesson.language != here.language:
        st.info(words()["missing"].format(language=LANGUAGES[here.language]))


def one_lesson(lesson: Lesson, over: bool) -> None:
    """Read, predict, run; then the answer stands on top, and what was read goes below it."""
    attempt = visit().attempt()
    head(lesson)
    if over:
        results(lesson, attempt)
        seen(lesson, attempt)
        trials(lesson, attempt)
        with st.expander(words()["read_again"]):
            st.markdown(lesson.before)
            predict(lesson, attempt)
    else:
        st.markdown(lesson.before)
        predict(lesson, attempt)
        trials(lesson, attempt)
        if not attempt.begun:
            for trial in lesson.header.trial.values():
                if trial.say:
                    st.caption(f"**{trial.title}.** {trial.say}")
        results(lesson, attempt)
        what_is_left(lesson, attempt)


STYLE = """<style>
.st-key-learn_text h3 { padding-top: 0; }
.st-key-learn_text [data-testid="stMarkdown"] p { margin-bottom: 0.6rem; }
.st-key-learn_text .katex { font-size: 1.08em; }
.st-key-learn_seen [data-testid="stMarkdown"] { font-size: 0.92rem; }
[data-testid="stMainBlockContainer"]:has(.st-key-learn_stage) { padding-left: 2rem; padding-right: 2rem; }
@media (max-width: 640px) {
  [data-testid="stMainBlockContainer"]:has(.st-key-learn_stage) { padding-left: 1rem; padding-right: 1rem; }
  [data-testid="stColumn"]:has(.st-key-learn_list) { order: 3; }
}
</style>"""


def page() -> None:
    st.html(STYLE)
    read_address()
    here = visit()
    lessons = course(here.language)
    for complaint in here.complaints:
        st.warning(words()["link"].format(what=plain(complaint)))
    lesson, attempt = next(one for one in lessons.lessons if one.id == here.lesson), here.attempt()
    note_outcomes(lesson, attempt)
    over = done(lesson.header, attempt.outcomes)
    if over:
        here.done.add(lesson.id)
    # While something is played it gets the room, and of the list the numbers stay.
    side, text, picture = [*st.columns([2, 15, 27] if attempt.showing else [10, 44], gap="medium"), None][:3]
    with text, st.container(key="learn_text"):
        one_lesson(lesson, over)
    if picture is not None:
        with picture, st.container(key="learn_stage"):
            stage(lesson, attempt, words())
    with side, st.container(key="learn_list"):
        lesson_list(lessons, here.lesson, here.done, here.settled, here.round, on_hello, on_choice, on_anew)
    for what in lessons.wrong:
        st.warning(words()["left_out"].format(what=plain(what)))


if course().lessons:
    page()
else:
    st.error(WORDS["en"]["none"])
    for what in course().wrong:
        st.warning(plain(what))
