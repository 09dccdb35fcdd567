"""
Dialect conversations: OpenAI's Conversations and Responses.
"""

from reference_server.dialects.conversations.routes import conversations
from reference_server.dialects.conversations.wire import ConversationsWire

__all__ = ["ConversationsWire", "conversations"]
