"""What keeps the worker from working until a person has done something."""


class CannotWork(Exception):
    """The worker lacks something only a person can give; the message says what."""
