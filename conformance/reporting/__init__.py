"""
Results to text: pure functions, one module per format.
"""
