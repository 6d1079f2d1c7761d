"""A scripted Claude on HTTP: the offline default, the rehearsal partner of tests and benchmarks.

Any Anthropic client may talk to it (`base_url=http://127.0.0.1:PORT`). It follows the Messages
API's wire format and refuses what the real one refuses, but says only what a scenario scripts.
"""
