"""The pictures of the notebooks: one file a notebook, one function a figure. They draw what they are given."""
