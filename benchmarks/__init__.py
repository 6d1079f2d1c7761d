"""Numbers: the seed's design and ours, measured by the same code in one run. No test is timed.

`python -m benchmarks` prints a table. Both sides play the same scenarios of a scripted Claude that
runs in a process of its own and notes when each call of it arrives; its answers take no time.
A turn's own time is the time between two calls less that of a bare loop (`bare`), which does the
same with nothing around it. Memory is that of the processes that work on tasks, without Redis and
Temporal. The seed's side needs redis-server (Debian: apt-get install redis-server) and Linux.
"""
