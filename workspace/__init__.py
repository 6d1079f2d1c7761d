"""HANDS: one task's directory and what runs in it: files, processes, walls, checkpoints."""
