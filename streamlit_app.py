"""The door: page list, routes and life span. `streamlit run streamlit_app.py`"""

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

from pages.parts import leaving, routes, style

# pages/ is ours, not Streamlit's older folder of that name: else the first visit, by a link to a page, finds no door.
PagesManager.uses_pages_directory = False

app = st.App(__file__, routes=routes.ROUTES, lifespan=routes.lifespan)

if __name__ == "__main__":
    st.set_page_config(page_title="GAN Workbench", page_icon="🎨", layout="wide", initial_sidebar_state="collapsed")
    style.apply()
    leaving.ask()
    pages = [
        st.Page("pages/train.py", title="Train", default=True),
        st.Page("pages/explore.py", title="Explore"),
        st.Page("pages/inside.py", title="Inside"),
        st.Page("pages/compare.py", title="Compare"),
        st.Page("pages/lab.py", title="Lab"),
        st.Page("pages/learn.py", title="Learn"),
    ]
    st.navigation(pages, position="top").run()
    leaving.go({page.url_path: page for page in pages})
