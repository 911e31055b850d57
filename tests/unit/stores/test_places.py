"""So many at once; the others in order of arrival."""

from __future__ import annotations

import asyncio

from liqwatch.stores.places import Places


async def settle_down() -> None:
    for _ in range(5):
        await asyncio.sleep(0)  # noqa: TID251  # a turn of the loop, no pause


async def test_who_comes_too_many_waits_and_is_let_in_in_order_of_arrival() -> None:
    places, inside = Places(2), []

    async def enter(number: int) -> None:
        await places.take()
        inside.append(number)

    async with asyncio.TaskGroup() as tasks:
        for number in range(5):
            tasks.create_task(enter(number))
        await settle_down()
        assert inside == [0, 1]
        places.give_back()
        await settle_down()
        assert inside == [0, 1, 2]
        places.give_back()
        places.give_back()
    assert inside == [0, 1, 2, 3, 4]


async def test_who_gives_up_waiting_takes_no_place() -> None:
    places = Places(1)
    await places.take()
    async with asyncio.TaskGroup() as tasks:
        impatient = tasks.create_task(places.take())
        patient = tasks.create_task(places.take())
        await settle_down()
        impatient.cancel()
        await settle_down()
        places.give_back()
        await patient


async def test_who_is_cancelled_just_when_let_in_hands_the_place_on() -> None:
    places = Places(1)
    await places.take()
    async with asyncio.TaskGroup() as tasks:
        unlucky = tasks.create_task(places.take())
        next_one = tasks.create_task(places.take())
        await settle_down()
        places.give_back()
        unlucky.cancel()
        await next_one
    places.give_back()
    await places.take()
