"""Reading other languages inside commands: Python, SQL, and code of other interpreters."""
