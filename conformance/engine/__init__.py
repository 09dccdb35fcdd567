"""
Play a scenario (a generator of effects, no I/O) and judge a transcript (a pure function).
"""
