"""
Redis, as far as the cache needs it: bytes under names, each with a time after which it is gone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from redis import Redis, RedisError
from redis.asyncio import Redis as AsyncRedis
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.retry import Retry

from reference_server.core.errors import Unavailable

__all__ = ["Copies"]

PATIENCE: Final = 0.5  # seconds for an answer of Redis; it takes a thousandth of that


class Copies:
    """
    A Redis. Every method raises `Unavailable` where it does not answer.

    Those who read are coroutines; those who write are in a thread of the database, and wait.
    """

    def __init__(self, url: str) -> None:
        # One more try, at once: a Redis that was started anew has closed the connections that we kept.
        self._waiting = Redis.from_url(
            url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE, retry=Retry(NoBackoff(), 1)
        )
        self._async = AsyncRedis.from_url(
            url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE, retry=AsyncRetry(NoBackoff(), 1)
        )

    async def get(self, names: Sequence[str]) -> list[bytes]:
        """
        What is there under the names, all at one moment; nothing is `b""`.
        """
        try:
            found = await self._async.mget(names)
        except (RedisError, OSError) as error:
            raise Unavailable("the cache does not answer") from error
        return [_bytes(one) for one in found]

    async def put(self, name: str, value: bytes, seconds: int, *, new: bool = False) -> None:
        """
        With `new`, what is there already stays.
        """
        try:
            await self._async.set(name, value, ex=seconds, nx=new)
        except (RedisError, OSError) as error:
            raise Unavailable("the cache does not answer") from error

    def put_all(self, values: Mapping[str, bytes], seconds: int) -> None:
        try:
            with self._waiting.pipeline(transaction=False) as pipe:
                for name, value in values.items():
                    pipe.set(name, value, ex=seconds)
                pipe.execute()
        except (RedisError, OSError) as error:
            raise Unavailable("the cache does not answer") from error


def _bytes(value: bytes | str | None) -> bytes:
    return value.encode() if isinstance(value, str) else value or b""
