"""Sphinx: the HTML of what ``infwidth site`` writes as Markdown (``infwidth site --html``)."""

project = "infwidth"
extensions = ["myst_parser"]
root_doc = "README"
# Figures are linked by the ids of HTML anchors, which Sphinx does not see; a test follows every link of the HTML.
suppress_warnings = ["myst.xref_missing"]
html_theme = "alabaster"
html_theme_options = {"description": "The infinite limits of neural networks, replicated", "page_width": "1200px"}
html_sidebars = {"**": ["about.html", "searchfield.html", "navigation.html"]}
