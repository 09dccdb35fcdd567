"""
The store witness: what the target's own database holds, read only.

`open_store(dsn)` gives a `Store`; its `rows` are canonical, and `query` asks them what a scenario asks.
"""

from conformance.driver.stores.canonical import CanonicalRows
from conformance.driver.stores.opening import open_store
from conformance.driver.stores.querying import query
from conformance.driver.stores.store import Counting, Store

__all__ = ["CanonicalRows", "Counting", "Store", "open_store", "query"]
