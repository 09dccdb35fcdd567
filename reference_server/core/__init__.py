"""
Threads, messages and turns: the contract, free of HTTP.
"""
