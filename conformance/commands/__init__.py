"""
One module per command: a few lines over functions that live elsewhere.
"""
