"""
Every rule has a scenario that breaks it, and tells where.
"""

from pathlib import Path

import pytest

from conformance.errors import DocumentsInvalid
from conformance.loading.lint import RULES
from conformance.loading.lint.actions import ACTIONS
from conformance.loading.lint.applies import APPLICABLE
from conformance.loading.loaded import LoadedScenario
from conformance.loading.scenarios import read_scenario
from conformance.model.scenario import Expect

HEAD = "id: a/b\ntitle: T\n"
CHAT = "  - chat: {thread: t, say: hi}\n"

BROKEN = [
    ("exactly_one_action", "steps:\n  - expect: {status: 200}\n", "4:5: the step does nothing"),
    ("exactly_one_action", "steps:\n  - list_threads:\n", "4:5: `list_threads` has no value"),
    ("exactly_one_action", "steps:\n  - health: {}\n    models: {}\n", "5:5: a step does one thing, this one does 2"),
    ("members_can_be_together", "steps:\n  - together: []\n", "4:15: `together` is empty"),
    ("members_can_be_together", "steps:\n  - together: [{query: SELECT 1}]\n", "4:17: `query` cannot be sent together"),
    ("meet_needs_held_members", f"steps:\n{CHAT}    meet: headers\n", "5:5: `meet` without `together`"),
    (
        "meet_needs_held_members",
        f"steps:\n  - together:\n    {CHAT}    meet: headers\n",
        "5:9: this chat is to meet at headers",
    ),
    (
        "meet_needs_held_members",
        "steps:\n  - together:\n      - chat: {thread: t, say: x, model: {hold: done}}\n    meet: headers\n",
        "5:49: this chat holds at done, the others meet at headers",
    ),
    (
        "meet_needs_held_members",
        "steps:\n  - together: [{health: {}}]\n    meet: headers\n",
        "4:16: only turns can meet",
    ),
    (
        "during_needs_a_hold",
        f"steps:\n{CHAT}    during: [{{health: {{}}}}]\n",
        "5:5: `during` needs a chat whose `model` holds",
    ),
    (
        "named_scripts_exist",
        (
            "examples: {x: [a, b]}\nscripts: {a: {refuse: 500}}\n"
            'steps:\n  - chat: {thread: t, say: hi, model: {script: "${x}"}}\n'
        ),
        "6:48: `scripts` has no `b`",
    ),
    ("scripts_are_used", f"scripts: {{a: {{refuse: 500}}}}\nsteps:\n{CHAT}", "3:11: no step asks for the script `a`"),
    (
        "excuses_are_of_standing_rules",
        f"excused: {{recall/no-doubling: it cannot be told}}\nsteps:\n{CHAT}",
        "3:11: `recall/no-doubling` is not judged in every scenario",
    ),
    ("askers_ask_something", "steps:\n  - query: SELECT 1\n    by: bob\n", "5:5: `by` says nothing at `query`"),
    (
        "askers_ask_something",
        "steps:\n  - health: {}\n    by: Bob S\n",
        "5:9: `Bob S` is no name of a principal",
    ),
    (
        "processes_were_started",
        "steps:\n  - restart: {}\n  - health: {}\n    server: 2\n",
        "6:13: there is no process 2 here, 1 was started",
    ),
    ("scripts_have_a_turn", "steps:\n  - regenerate: {model: {answer: x}}\n", "4:18: `model` without `say`"),
    (
        "only_placeholders_are_changed",
        "steps:\n  - chat: {thread: t, say: x, set: {thred: null}}\n",
        "4:37: no request fills in `thred`",
    ),
    (
        "only_placeholders_are_changed",
        "steps:\n  - chat: {thread: t, say: x, without: [text, txet]}\n",
        "4:47: no request fills in `txet`",
    ),
    ("names_are_identifiers", "steps:\n  - chat: {thread: my thread, say: x}\n", "4:20: `my thread` is no name"),
    ("names_are_identifiers", f"steps:\n{CHAT}    as: a.b\n", "5:9: `a.b` is no name"),
    ("names_are_unique", f"steps:\n{CHAT}    as: run\n", "5:9: `run` is already always bound"),
    ("names_are_unique", f"steps:\n{CHAT}    as: t\n", "5:9: `t` is already a thread"),
    (
        "names_are_unique",
        f"steps:\n{CHAT}    as: x\n{CHAT}    as: x\n",
        "7:9: `x` is already the name of an earlier step",
    ),
    (
        "names_are_unique",
        "examples: {t: [1]}\nsteps:\n  - chat: {thread: t, say: '${t}'}\n",
        "5:20: `t` is already an example",
    ),
    (
        "named_threads_exist",
        f"steps:\n{CHAT}  - list_threads: {{}}\n    expect: {{threads: {{lacks: [u]}}}}\n",
        "6:32: no step uses a thread `u`",
    ),
    (
        "examples_have_distinct_values",
        "examples: {n: []}\nsteps:\n  - chat: {thread: t, say: '${n}'}\n",
        "3:15: example `n` has no values",
    ),
    (
        "examples_have_distinct_values",
        "examples: {n: [1, 2, 1]}\nsteps:\n  - chat: {thread: t, say: '${n}'}\n",
        "3:22: `1` is given twice",
    ),
    ("examples_are_used", "examples: {n: [1]}\nsteps:\n  - health: {}\n", "3:12: example `n` is never used"),
    ("variables_are_bound", "steps:\n  - chat: {thread: t, say: 'I am ${canry}'}\n", "4:34: nothing binds `${canry}`"),
    ("variables_are_bound", "steps:\n  - query: SELECT ${u}\n", "4:19: nothing binds `${u}`"),
    ("variables_are_bound", "steps:\n  - chat: {thread: t, say: 'a ${t'}\n", "4:31: `${` without `}`"),
    ("variables_are_bound", f"ids: {{t: '${{t}}'}}\nsteps:\n{CHAT}", "3:11: nothing binds `${t}`"),
    (
        "variables_are_bound",
        "steps:\n  - chat: {thread: t, say: '${x.text}'}\n    as: x\n",
        "4:29: `${x.text}` is not bound yet",
    ),
    (
        "variables_are_bound",
        "steps:\n  - chat: {thread: t, say: x}\n    as: x\n    expect: {text: '${x.txt}'}\n",
        "6:21: `${x.txt}` is no part of that step",
    ),
    (
        "variables_are_bound",
        "steps:\n  - together:\n      - health: {}\n        as: a\n      - chat: {thread: u, say: '${a.text}'}\n",
        "7:33: `${a.text}` is not bound yet",
    ),
    (
        "variables_are_bound",
        "steps:\n  - chat: {thread: t, say: x, model: {hold: done}}\n    as: a\n    during: [{query: '${a.text}'}]\n",
        "6:23: `${a.text}` is not bound yet",
    ),
    (
        "variables_are_bound",
        f"steps:\n{CHAT}    expect: {{text: '${{t.id}}'}}\n",
        "5:21: `${t.id}`: `t` is a single value",
    ),
    ("expectations_apply", f"steps:\n{CHAT}    expect: {{rows: []}}\n", "5:14: `rows` cannot be seen in `chat`"),
    (
        "timings_apply",
        "steps:\n  - health: {}\n    expect: {timing: {rate: '>= 10'}}\n",
        "5:23: `rate` cannot be measured in `health`",
    ),
    (
        "expectations_apply",
        "steps:\n  - health: {}\n    expect: {prompt: []}\n",
        "5:14: `prompt` cannot be seen in `health`",
    ),
    (
        "expectations_apply",
        "steps:\n  - together: [{health: {}}]\n    expect: {status: 200}\n",
        "5:5: `together` takes no",
    ),
    ("expectations_check_something", f"steps:\n{CHAT}    expect: {{}}\n", "5:13: `expect` checks nothing"),
    ("expectations_check_something", f"steps:\n{CHAT}    expect: {{text: {{}}}}\n", "5:20: `text` checks nothing"),
    ("expectations_check_something", f"steps:\n{CHAT}    expect: {{stream: {{}}}}\n", "5:22: `stream` checks nothing"),
    (
        "expectations_check_something",
        f"steps:\n{CHAT}    expect: {{headers: {{}}}}\n",
        "5:23: `headers` checks nothing",
    ),
    ("expectations_check_something", f"steps:\n{CHAT}    expect: {{body: {{}}}}\n", "5:20: `body` checks nothing"),
    (
        "expectations_check_something",
        f"steps:\n{CHAT}    expect: {{prompt: [{{}}]}}\n",
        "5:23: `prompt` checks nothing",
    ),
    (
        "expectations_check_something",
        "steps:\n  - query: SELECT 1\n    expect: {rows: [{}]}\n",
        "5:21: `rows` checks nothing",
    ),
    (
        "expectations_check_something",
        "steps:\n  - get_thread: {thread: t}\n    expect: {thread: {}}\n",
        "5:22: `thread` checks nothing",
    ),
    (
        "expectations_check_something",
        "steps:\n  - list_threads: {}\n    expect: {threads: {has: []}}\n",
        "5:23: `threads` checks nothing",
    ),
    (
        "texts_can_fail",
        f"steps:\n{CHAT}    expect: {{text: {{contains: ''}}}}\n",
        "5:31: `contains` of an empty text always",
    ),
    (
        "texts_can_fail",
        f"steps:\n{CHAT}    expect: {{text: {{lacks: [a, '']}}}}\n",
        "5:32: `lacks` of an empty text never",
    ),
    (
        "texts_can_fail",
        f"steps:\n{CHAT}    expect: {{body: {{$.a: {{contains: ''}}}}}}\n",
        "5:37: `contains` of an empty text",
    ),
    (
        "patterns_compile",
        f"steps:\n{CHAT}    expect: {{text: {{matches: '('}}}}\n",
        "5:30: `(` is no regular expression",
    ),
    (
        "patterns_compile",
        f"steps:\n{CHAT}    expect: {{text: {{matches: 'a*'}}}}\n",
        "5:30: `a*` matches the empty text",
    ),
    (
        "paths_parse",
        f"steps:\n{CHAT}    expect: {{body: {{a.b: 1}}}}\n",
        "5:21: `a.b` is no JSON path: a path begins with `$`",
    ),
    ("paths_parse", f"steps:\n{CHAT}    expect: {{body: {{$.a: {{length: many}}}}}}\n", "5:35: `many` is no condition"),
    (
        "schemas_are_valid",
        f"steps:\n{CHAT}    expect: {{schema: {{type: objekt}}}}\n",
        "5:29: not a JSON Schema: 'objekt'",
    ),
    ("statuses_exist", f"steps:\n{CHAT}    expect: {{status: 20}}\n", "5:22: there is no status 20"),
    ("statuses_exist", f"steps:\n{CHAT}    expect: {{status: [2xx, 600]}}\n", "5:28: there is no status 600"),
    ("raw_calls_parse", "steps:\n  - call: get /x\n", "4:11: `get /x` is no call"),
    (
        "together_has_no_name",
        "steps:\n  - together: [{health: {}}]\n    as: x\n",
        "5:5: `together` has nothing that a name",
    ),
    (
        "variables_are_bound",
        "steps:\n  - health: {}\n    as: x\n  - chat: {thread: t, say: '${x.count}'}\n",
        "6:29: `${x.count}` is no part of that step",
    ),
    ("nothing_is_null", f"steps:\n{CHAT}    expect:\n", "5:12: `expect` checks nothing"),
    ("nothing_is_null", f"steps:\n{CHAT}    expect: {{status: 200, text: null}}\n", "5:33: `text` checks nothing"),
    ("nothing_is_null", f"steps:\n{CHAT}    expect: {{prompt: [{{role: user, name: null}}]}}\n", "5:42: `name` checks"),
    (
        "expectations_check_something",
        f"steps:\n{CHAT}    expect: {{nowhere: [a, '']}}\n",
        "5:27: `nowhere` checks",
    ),
]


def loaded(tmp_path: Path, text: str) -> LoadedScenario:
    file = tmp_path / "a.yaml"
    file.write_text(HEAD + text, encoding="utf-8")
    return read_scenario(file)


@pytest.mark.parametrize(("rule", "text", "problem"), BROKEN, ids=[f"{rule}-{place[:5]}" for rule, _, place in BROKEN])
def test_a_broken_rule_is_told_with_its_place(tmp_path, rule, text, problem):
    with pytest.raises(DocumentsInvalid) as caught:
        loaded(tmp_path, text)

    [found] = [str(one) for one in caught.value.problems]
    assert found.startswith(f"{tmp_path}/a.yaml:{problem}")


def test_every_rule_is_seen_to_be_broken():
    assert {rule.__name__ for rule in RULES} == {rule for rule, _, _ in BROKEN}


def test_every_problem_has_a_way_out(tmp_path):
    for _, text, _ in BROKEN:
        with pytest.raises(DocumentsInvalid) as caught:
            loaded(tmp_path, text)
        assert all(problem.hint for problem in caught.value.problems)


def test_a_misspelt_name_is_suggested_among_those_that_are_bound(tmp_path):
    text = f"steps:\n{CHAT}    as: first\n  - chat: {{thread: t, say: '${{frist.text}}'}}\n"

    with pytest.raises(DocumentsInvalid, match="did you mean `first`"):
        loaded(tmp_path, text)


def test_a_scenario_that_uses_the_whole_language_is_accepted(tmp_path):
    text = """
needs: [store, any-thread-id]
ids: {a: "x/${run}${nul}", b: "${size}"}
examples: {size: [1, 2, "1"]}
steps:
  - create_thread: {thread: a, title: "$${not a name"}
    as: made
    expect: {thread: {id: "${made.id}"}, body: {$.id: "${a}", $.l: {length: ">= 2"}, $.x: {absent: true}, $.y: null}}
  - together:
      - chat: {thread: a, say: "${canary.a}", model: {hold: first-token}}
        as: one
        expect: {text: {contains: "${canary.a}", not: ""}, nowhere: "${canary.b}"}
      - chat: {thread: b, say: "${canary.b}", model: {hold: first-token}}
        as: two
        expect: {text: {lacks: "${one.text}"}, prompt: [{role: user}]}
    meet: first-token
  - chat: {thread: a, say: "${two.text} ${made.thread.title}", set: {thread: null}, model: {hold: done}}
    as: third
    during:
      - list_messages: {thread: a}
        as: listed
        expect: {messages: [], count: 0}
    expect: {text: {matches: "^${listed.messages[-1].text}.$", length: "> ${size}"}, stream: {arrivals: 2}}
  - query: SELECT text FROM messages WHERE id = ${third.message} AND thread_id = ${a}
    expect: {rows: [{text: "${third.body.x.y}"}]}
  - list_threads: {}
    expect: {threads: {has: [a], order: [b, a]}, schema: {type: object}}
"""

    assert loaded(tmp_path, text).scenario.id == "a/b"


def test_every_action_says_what_it_shows():
    assert set(APPLICABLE) == set(ACTIONS)
    assert {key for keys in APPLICABLE.values() for key in keys} == set(Expect.__struct_fields__)
