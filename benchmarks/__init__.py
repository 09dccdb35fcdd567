"""
What the harness costs: `python -m benchmarks`, and `python -m benchmarks.flakes` for the same verdicts run after run.

No tests: a busy machine must not turn a build red. Each figure stands beside its bound, and what can be is a ratio of
two measurements of the same run.
"""
