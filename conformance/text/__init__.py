"""
Small pure tools for texts, streams and paths. No I/O.
"""
