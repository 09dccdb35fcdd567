"""
Frozen structs for everything that crosses a boundary: scenario, profile, requirement, transcript, outcome.
"""
