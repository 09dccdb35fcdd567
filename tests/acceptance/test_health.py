"""
Health tells the truth: of the database, of the model, and while a model is merely slow.
"""

from __future__ import annotations

from pathlib import Path

from reference_process import modelling, serving

from conformance.driver.postgres import running_postgres

NOTHING_THERE = "http://127.0.0.1:9/v1"  # the discard port: nobody listens


def test_without_a_model_a_server_is_not_healthy(tmp_path: Path):
    with serving(f"sqlite:///{tmp_path / 'a.db'}", "--upstream", NOTHING_THERE) as server:
        answers = [server.ask("GET", f"/{dialect}/health") for dialect in ("anita", "guide")]

    for answer in answers:
        assert (answer.status_code, answer.json()["status"]) == (503, "unhealthy")
        assert answer.json()["services"] == {"database": "healthy", "llm_api": "unhealthy"}


def test_a_model_that_lists_nothing_is_one(tmp_path: Path):
    with modelling() as model, serving(f"sqlite:///{tmp_path / 'a.db'}", "--upstream", model.url) as server:
        answer = server.ask("GET", "/guide/health")

    assert (answer.status_code, answer.json()["services"]["llm_api"]) == (200, "healthy")


def test_the_built_in_model_is_always_there(tmp_path: Path):
    with serving(f"sqlite:///{tmp_path / 'a.db'}") as server:
        assert server.ask("GET", "/guide/health").status_code == 200


def test_without_a_database_a_server_is_not_healthy_and_says_nothing_of_it():
    with running_postgres() as postgres, serving(postgres.create_database("health")) as server:
        assert server.ask("GET", "/guide/health").status_code == 200
        postgres.stop()

        answer = server.ask("GET", "/guide/health")
        read = server.ask("GET", "/guide/api/threads", headers={"authorization": "Bearer alice"})

    assert (answer.status_code, answer.json()["services"]["database"]) == (503, "unhealthy")
    assert (read.status_code, read.json()) == (503, {"detail": "the store does not answer"})
