"""
threadgauge: conformance tests for servers that keep conversation threads.
"""

__version__ = "0.1.0"
