"""
A profile drafted from an OpenAPI document and a few harmless requests. Pure: a generator asks, the command does.
"""
