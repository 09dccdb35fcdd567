"""
Dialect shadflare: AI SDK streams, tenants, agents, branches and usage under `/api/v1`.
"""

from reference_server.dialects.shadflare.routes import shadflare
from reference_server.dialects.shadflare.wire import ShadflareWire

__all__ = ["ShadflareWire", "shadflare"]
