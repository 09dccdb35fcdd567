"""
The upstream witness: an OpenAI-compatible model of our own that does what a scenario's script says, records every
prompt, and stands still at a gate until it is told to go on.

Why own code on raw asyncio: what we do to a target is what a server library keeps its users from doing. No library
lets us cut a frame inside, end a chunked body without its last chunk, send RST or FIN as we choose, write byte by byte,
hold before the head or at a token, or see at once that the other side has left.

`witness` remembers turns and `calls` (no sockets), `acts` says what can be done to a connection, `scripted`, `streamed`
and `whole` say what is done for a script (pure generators), `performing` does it, `server` listens, `remote` reaches a
witness in another process, `attach` finds out which of the two it is.
"""
