"""DOOR IN: starting, watching and steering tasks; the command line; the local stack."""
