"""THE STORY: order, waiting, limits. No I/O, no clock, no rules: those are activity results."""
