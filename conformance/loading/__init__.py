"""
YAML files to the model: every value knows its line and column, and everything wrong is told at once.
"""
