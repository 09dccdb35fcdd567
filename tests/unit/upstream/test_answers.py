import pytest

from conformance.upstream.answers import plain_answer


@pytest.mark.parametrize(
    ("users", "answer"),
    [
        (["My name is k7-violet-42.", "What is my name?"], "Your name is k7-violet-42."),
        (["Hello! My name is Dr. No\nand more", "What is my name?"], "Your name is Dr. No."),
        (["My name is A", "My name is B", "What is my name?"], "Your name is B."),
        (["What is my name?"], "I don't know your name."),
        (["I like tea.", "And I like cake", "What do I like?"], "You like tea and cake."),
        (["What do I like?"], "I don't know what you like."),
        (["first", "second", "What did I just say?"], "second"),
        (["What did I just say?"], "You said nothing before."),
        (["Hi"], 'Message 9: I read "Hi".'),
        ([], 'Message 9: I read "".'),
        (["x" * 300], f'Message 9: I read "{"x" * 200}".'),
    ],
)
def test_the_plain_answer_follows_from_the_prompt(users: list[str], answer: str):
    assert plain_answer(users, 9) == answer
