"""
The reference server: the whole contract, healthy by construction, broken on purpose by name.

It imports nothing of the harness, and the harness nothing of it.
"""
