"""WORDS: everything that crosses a process, as pydantic models. Imports nothing of ours."""
