"""
The only I/O of the harness: HTTP, stores, processes, scheduling.
"""
