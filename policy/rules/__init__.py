"""What programs do when they run: one function per program, from a call to its effects."""
