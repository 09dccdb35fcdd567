"""
One exchange as the page shows it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from conformance.model.text import Text
from conformance.model.transcript import Exchange
from conformance.reporting.curl import curl_line
from conformance.reporting.shorten import characters, kept, shortened
from conformance.reporting.timeline import Timeline, milliseconds, timeline, timeline_words

__all__ = ["ExchangeView", "exchange_view"]

HEADERS: Final = 30  # a server that sends more wants to be downloaded, not read
VALUE: Final = 200  # code points of one header's value


@dataclass(frozen=True, slots=True)
class ExchangeView:
    """
    `figures` is the whole exchange in one line; what follows the problems is shown only where something is wrong.
    """

    line: str
    status: str
    good: bool
    figures: str
    problems: tuple[str, ...] = ()
    timeline: Timeline | None = None
    sent: str = ""
    body: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    more_headers: int = 0
    curl: str = ""


def exchange_view(exchange: Exchange, *, full: bool) -> ExchangeView:
    words = timeline_words(exchange)
    view = ExchangeView(
        line=f"{exchange.request.method} {_path(exchange.request.url)}",
        status=str(exchange.status or exchange.ended),
        good=exchange.ended == "clean" and exchange.status is not None and exchange.status < 400,
        figures=", ".join([*_figures(exchange, words), *([words] if words and not full else [])]),
        problems=tuple(_problems(exchange)),
    )
    return _with_details(view, exchange) if full else view


def _with_details(view: ExchangeView, exchange: Exchange) -> ExchangeView:
    return ExchangeView(
        line=view.line,
        status=view.status,
        good=view.good,
        figures=view.figures,
        timeline=timeline(exchange),
        problems=view.problems,
        sent=_shown(exchange.request.body),
        body=_shown(exchange.body),
        headers=tuple((name, shortened(value, VALUE)) for name, value in list(exchange.headers.items())[:HEADERS]),
        more_headers=max(len(exchange.headers) - HEADERS, 0),
        curl=curl_line(exchange.request),
    )


def _path(url: str) -> str:
    parts = urlsplit(url)
    return shortened(f"{parts.path}?{parts.query}" if parts.query else parts.path, VALUE)


def _figures(exchange: Exchange, words: str | None) -> Iterator[str]:
    if exchange.text is not None:
        yield f"{characters(exchange.text.length)} of text"
    else:
        yield f"{exchange.body_bytes:,} bytes"
    if words is None:  # else they say it
        yield f"{milliseconds(exchange.ended_at - exchange.started)} in all"
    if exchange.ended != "clean" and words is None:
        yield f"ended: {exchange.ended}"


def _problems(exchange: Exchange) -> Iterator[str]:
    if exchange.trouble:
        yield shortened(exchange.trouble)
    if exchange.end is not None:
        if exchange.end.error:
            yield f"error event: {shortened(exchange.end.error)}"
        yield from (shortened(problem, VALUE) for problem in exchange.end.problems[:HEADERS])


def _shown(text: Text | None) -> str:
    return shortened(kept(text)) if text is not None else ""
