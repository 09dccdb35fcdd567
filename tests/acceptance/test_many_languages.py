"""
Texts of many languages, drawn by Faker from a fixed seed: said, answered, listed, stored and recalled to the letter.
"""

import asyncio
from pathlib import Path

import yaml
from faker import Faker

from conformance.commands.documents import load_documents, profiles_named
from conformance.commands.progress import Progress
from conformance.commands.run import Choice, play_and_judge
from conformance.commands.targets import Setup
from conformance.driver.postgres import PostgresServer

LOCALES = ["ar_EG", "bn_BD", "de_DE", "el_GR", "en_US", "fa_IR", "he_IL", "hi_IN", "ja_JP", "ka_GE", "ko_KR", "ru_RU"]
LOCALES += ["ta_IN", "th_TH", "uk_UA", "vi_VN", "zh_CN"]
SEED = 2026


def texts() -> dict[str, list[str]]:
    fakers = {locale: Faker(locale) for locale in LOCALES}
    Faker.seed(SEED)
    return {locale: [faker.text(200), f"{faker.name()}\n{faker.address()}"] for locale, faker in fakers.items()}


def scenario(locale: str, question: str, answer: str) -> dict[str, object]:
    first = [{"role": "user", "text": f"{question} ${{canary}}"}, {"role": "assistant", "text": answer}]
    query = "SELECT role, text FROM messages WHERE thread_id = ${t} ORDER BY position"
    return {
        "id": f"languages/{locale.lower().replace('_', '-')}",
        "title": f"A turn in {locale}",
        "needs": ["store", "upstream"],
        "steps": [
            {"chat": {"thread": "t", "say": f"{question} ${{canary}}", "model": {"answer": answer, "chunks": 30}}},
            {"list_messages": {"thread": "t"}, "expect": {"messages": first}},
            {"query": query, "expect": {"rows": first}},
            {
                "chat": {"thread": "t", "say": "Go on"},
                "expect": {"prompt": [*first, {"role": "user", "text": "Go on"}]},
            },
        ],
    }


def test_a_turn_in_any_language_is_kept_to_the_letter(tmp_path: Path, postgres: PostgresServer):
    for locale, (question, answer) in texts().items():
        file = tmp_path / f"{locale}.yaml"
        file.write_text(yaml.safe_dump(scenario(locale, question, answer), allow_unicode=True), encoding="utf-8")
    profiles = profiles_named([])
    documents = load_documents([tmp_path], profiles)
    setup = Setup(profiles, db=postgres.create_database("many_languages"))

    outcomes = asyncio.run(play_and_judge(documents, setup, Choice(seed=SEED), Progress(quiet=True))).outcomes

    assert [(one.profile, one.name, one.kind) for one in outcomes if one.kind != "passed"] == []
    assert len(outcomes) == len(LOCALES) * len(profiles)
