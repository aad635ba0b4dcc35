"""The pictures of the notebooks: one file a notebook, one function a figure; each draws what it is given."""
