"""The machinery that decides on an answer: it watches, compares, names the mistake and reports."""
