"""DOORS OUT: one file per outside party. Thin: heartbeat, kind of failure, call."""
