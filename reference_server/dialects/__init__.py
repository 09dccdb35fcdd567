"""
One module per dialect: routes, bodies, framing, errors. Thin: what happens is in the core.
"""
