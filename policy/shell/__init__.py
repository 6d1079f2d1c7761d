"""Reading bash: tokens, grammar, words, and a walk over everything a text would run."""
