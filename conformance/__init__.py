"""
threadgauge: conformance tests for servers that keep conversation threads.
"""
