"""The door: page list, routes and life span. `streamlit run streamlit_app.py`"""

import streamlit as st

from pages.parts import routes

app = st.App(__file__, routes=routes.ROUTES, lifespan=routes.lifespan)

if __name__ == "__main__":
    st.set_page_config(page_title="GAN Workbench", page_icon="🎨", layout="wide", initial_sidebar_state="collapsed")
    st.navigation(
        [
            st.Page("pages/train.py", title="Train", default=True),
            st.Page("pages/explore.py", title="Explore"),
            st.Page("pages/compare.py", title="Compare"),
        ],
        position="top",
    ).run()
