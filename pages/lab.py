"""Lab: a GAN in the plane to play with, and to see into at every step."""

from __future__ import annotations

from urllib.parse import parse_qsl

import streamlit as st

from pages.parts.lab import Link, lab, said
from pages.parts.words import plain

KEY = "lab"
place = st.session_state


def read_address() -> None:
    """Go where the page's address says, when it says something new."""
    query = st.query_params.to_dict()
    if "lab_query" in place and (query == place.lab_query or not query):
        st.query_params.from_dict(place.lab_query)  # back from another page
        return
    place.lab_query = query
    place.lab_link, place.lab_complaint = Link.from_query(query)
    place.lab_revision = place.get("lab_revision", 0) + 1


def changed() -> None:
    """A hand changed something: the component is there already, and the page's address follows."""
    query = said(KEY, "link")
    if isinstance(query, str):
        place.lab_query = dict(parse_qsl(query))
        place.lab_link, place.lab_complaint = Link.from_query(place.lab_query)
        st.query_params.from_dict(place.lab_query)


def page() -> None:
    read_address()
    if place.lab_complaint:
        st.warning(f"This link could not be followed in all: {plain(place.lab_complaint)}")
    link = place.lab_link
    lab(
        link.scene, KEY, layers=link.layers, speed=link.speed, chosen=link.chosen, revision=place.lab_revision,
        on_link=changed,
    )


page()
