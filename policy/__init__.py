"""JUDGEMENT: pure rules over what they are given; no I/O, no clock, no Temporal."""
