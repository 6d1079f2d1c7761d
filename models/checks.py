"""What `doctor` says of one part."""

from pydantic import BaseModel


class Check(BaseModel):
    """One part that was looked at; `detail` says how it is, or how to mend it."""

    name: str
    ok: bool
    detail: str
