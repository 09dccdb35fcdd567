"""
An identity twin overrides what its defect overrides, and changes nothing.
"""

from __future__ import annotations

import asyncio
import dataclasses
import inspect
from collections.abc import AsyncIterator, Iterator

import pytest

from reference_server.assembly import Parts
from reference_server.defects.registry import EVERY, defects, described, group
from reference_server.defects.twins import overridden, twin, with_twins

SEAMS = {field.name: field.default for field in dataclasses.fields(Parts)}


class Healthy:
    word = "right"

    def __init__(self, name: str) -> None:
        self.name = name

    def said(self, *, loud: bool = False) -> str:
        return f"{self.name} {self.word}{'!' if loud else ''}"

    async def waited(self) -> str:
        return self.said()

    async def given(self) -> AsyncIterator[str]:
        yield self.word

    def counted(self) -> Iterator[int]:
        yield 1


class Broken(Healthy):
    __module__ = "reference_server.defects.broken"
    word = "wrong"

    def said(self, *, loud: bool = False) -> str:
        return "WRONG" if loud else "wrong"

    async def waited(self) -> str:
        return "wrong"

    async def given(self) -> AsyncIterator[str]:
        yield "wrong"

    def counted(self) -> Iterator[int]:
        yield 2

    def own(self) -> str:
        return "only the defect's"


TWIN = twin(Broken, Healthy)


async def everything(one: Healthy) -> list[object]:
    return [one.said(loud=True), await one.waited(), [word async for word in one.given()], list(one.counted())]


def test_a_twin_does_what_the_healthy_class_does():
    assert asyncio.run(everything(TWIN("it is"))) == ["it is right!", "it is right", ["right"], [1]]


def test_a_twin_overrides_what_its_defect_overrides_and_has_nothing_of_its_own():
    assert sorted(overridden(Broken, Healthy)) == ["counted", "given", "said", "waited"]
    assert {"said", "waited", "given", "counted"} <= set(vars(TWIN))
    assert not hasattr(TWIN, "own")


@pytest.mark.parametrize(
    "asked", [inspect.iscoroutinefunction, inspect.isasyncgenfunction, inspect.signature], ids=lambda one: one.__name__
)
@pytest.mark.parametrize("name", ["said", "waited", "given", "counted"])
def test_a_method_of_a_twin_is_of_the_same_kind(name: str, asked):
    assert asked(getattr(TWIN, name)) == asked(getattr(Healthy, name))


def test_twins_of_one_seam_lie_upon_each_other():
    both = twin(Broken, TWIN)

    assert both.__mro__[1:3] == (TWIN, Healthy)
    assert asyncio.run(everything(both("it is"))) == ["it is right!", "it is right", ["right"], [1]]


def test_a_server_has_the_twins_of_all_defects_on_all_their_seams():
    parts = with_twins(Parts(), defects().values())

    stacked = {name: len(getattr(parts, name).__mro__) - len(healthy.__mro__) for name, healthy in SEAMS.items()}
    assert stacked == {name: sum(one.seam == name for one in defects().values()) for name in SEAMS}


def test_nearly_every_defect_has_a_method_to_make_a_twin_of():
    empty = {name for name, one in defects().items() if not list(overridden(one, SEAMS[one.seam]))}

    assert len(empty) <= 20


@pytest.mark.parametrize("one", described(), ids=lambda one: one["id"])
def test_a_defect_has_a_group_and_is_equivalent_only_where_it_could_be(one: dict[str, object]):
    assert one["group"]
    assert set(one["equivalent"]) <= set(EVERY)
    assert all(len(reason) > 10 for reason in one["equivalent"].values())


def test_a_class_may_say_its_own_group():
    class Mine(Healthy):
        __module__ = "reference_server.defects.recall"
        group = "order"

    assert group(Mine) == "order"
