"""
Dialect assistants: OpenAI's Assistants v2: assistants, threads, messages, runs.
"""

from reference_server.dialects.assistants.routes import assistants
from reference_server.dialects.assistants.wire import AssistantsWire

__all__ = ["AssistantsWire", "assistants"]
