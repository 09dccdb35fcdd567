"""
What a first look at a target shows: one finding per question, each with its way out. Pure.
"""
