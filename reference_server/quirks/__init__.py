"""
Oddities that are legal: a server that has one of them still keeps the whole contract.
"""
