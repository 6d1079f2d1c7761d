"""The network of commands: what they may reach, and a proxy that lets nothing else pass."""
