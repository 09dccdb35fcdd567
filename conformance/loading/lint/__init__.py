"""
What no struct can say: one small pure generator per rule, named like it, yielding what is wrong.

A rule of one scenario takes a `LoadedScenario`; to add one, write it and add it to `RULES`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from conformance.errors import Problem
from conformance.loading.lint import actions, applies, emptiness, names, processes, scripts, shapes, variables
from conformance.loading.lint.operations import missing_operations
from conformance.loading.lint.words import lint_against_ledger, lint_ledger, lint_profile_words
from conformance.loading.loaded import LoadedScenario

__all__ = [
    "RULES",
    "lint_against_ledger",
    "lint_ledger",
    "lint_profile_words",
    "lint_scenario",
    "missing_operations",
]

Rule = Callable[[LoadedScenario], Iterator[Problem]]

RULES: Final[tuple[Rule, ...]] = (
    actions.exactly_one_action,
    actions.members_can_be_together,
    actions.together_has_no_name,
    actions.meet_needs_held_members,
    actions.during_needs_a_hold,
    actions.askers_ask_something,
    actions.scripts_have_a_turn,
    actions.only_placeholders_are_changed,
    scripts.named_scripts_exist,
    scripts.scripts_are_used,
    scripts.excuses_are_of_standing_rules,
    processes.processes_were_started,
    names.names_are_identifiers,
    names.names_are_unique,
    names.named_threads_exist,
    names.examples_have_distinct_values,
    names.examples_are_used,
    variables.variables_are_bound,
    applies.expectations_apply,
    applies.timings_apply,
    emptiness.expectations_check_something,
    emptiness.nothing_is_null,
    emptiness.texts_can_fail,
    shapes.patterns_compile,
    shapes.paths_parse,
    shapes.schemas_are_valid,
    shapes.statuses_exist,
    shapes.raw_calls_parse,
)


def lint_scenario(loaded: LoadedScenario) -> Iterator[Problem]:
    """
    Everything wrong with a scenario by itself, in the order of the file.
    """
    problems = {problem for rule in RULES for problem in rule(loaded)}
    yield from sorted(problems, key=lambda problem: (problem.line, problem.column, problem.text))
