"""How Whoosh keeps our postings: as arrays that NumPy reads where they lie, without decoding anything.

Whoosh packs postings in small compressed blocks, which Python unpacks for 26 to 128 ms when a common word is
first used among 100 000 documents. Its codec is made to be replaced; this one writes, for each term,

    8 bytes   how many postings (n) and occurrences (m)
    m × u8    occurrences: text, position, start and length in one number, document after document
    n × u4    document numbers, ascending
    n × u4    where each document's occurrences end
    n × u2    weights
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from whoosh.codec.whoosh3 import W3Codec, W3TermInfo
from whoosh.matching import ListMatcher

POSITION_BITS, START_BITS, LENGTH_BITS = 22, 24, 13
"""With 5 bits for the text these make 64: four million words, sixteen million characters."""

TEXT_SHIFT = POSITION_BITS + START_BITS + LENGTH_BITS
POSITION_SHIFT = START_BITS + LENGTH_BITS
MOST_WEIGHT = 0xFFFF

_HEAD = struct.Struct("<II")
_ALIGNED = 8


def occurrence(text: int, position: int, start: int, end: int) -> int:
    """Where a term stands: in which text, the how manieth word, which characters."""
    length = min(end - start, (1 << LENGTH_BITS) - 1)
    return (text << TEXT_SHIFT) | (position << POSITION_SHIFT) | (start << LENGTH_BITS) | length


def fits(position: int, end: int) -> bool:
    """What stands further on than these bits can say is not indexed."""
    return position < 1 << POSITION_BITS and end < 1 << START_BITS


def packed(occurrences: list[int]) -> bytes:
    """A document's occurrences of a term, in their order."""
    return struct.pack(f"<{len(occurrences)}Q", *occurrences)


@dataclass(frozen=True)
class Postings:
    """A term in one segment, deleted documents included."""

    ids: NDArray[np.uint32]
    weights: NDArray[np.uint16]
    occurrences: NDArray[np.uint64]
    ends: NDArray[np.uint32]
    """Where the occurrences of each document end among all of them."""

    def starts(self, rows: NDArray[np.intp]) -> NDArray[np.uint32]:
        """Where those of the documents in these rows begin."""
        return np.where(rows > 0, self.ends[rows - 1], np.uint32(0))

    def within(self, docnums: Sequence[int]) -> dict[int, list[int]]:
        """The occurrences in those of these documents that have any."""
        rows = np.searchsorted(self.ids, docnums).tolist()
        found = {}
        for docnum, row in zip(docnums, rows, strict=True):
            if row < len(self.ids) and self.ids[row] == docnum:
                start = self.ends[row - 1] if row else 0
                found[docnum] = self.occurrences[start : self.ends[row]].tolist()
        return found


def unpacked(buffer: Any, offset: int) -> Postings:
    """The postings that begin at `offset`, as views into the buffer."""
    n, m = _HEAD.unpack_from(buffer, offset)
    at = offset + _HEAD.size
    occurrences = np.frombuffer(buffer, "<u8", m, at)
    at += 8 * m
    ids = np.frombuffer(buffer, "<u4", n, at)
    at += 4 * n
    ends = np.frombuffer(buffer, "<u4", n, at)
    at += 4 * n
    return Postings(ids, np.frombuffer(buffer, "<u2", n, at), occurrences, ends)


class Codec(W3Codec):
    """Whoosh's own, but for the postings."""

    def postings_writer(self, dbfile: Any, byteids: bool = False) -> Writer:
        return Writer(dbfile)

    def postings_reader(
        self, dbfile: Any, terminfo: W3TermInfo, format_: Any, term: Any = None, scorer: Any = None
    ) -> ListMatcher:
        """Postings one by one, as Whoosh wants them to merge segments and to find what is to be deleted."""
        offset, _ = terminfo.extent()
        n, m = _HEAD.unpack(dbfile.get(offset, _HEAD.size))
        found = unpacked(dbfile.get(offset, _HEAD.size + 8 * m + 10 * n), 0)
        values = [part.tobytes() for part in np.split(found.occurrences, found.ends[:-1])]
        ids, weights = found.ids.tolist(), found.weights.astype(float).tolist()
        return ListMatcher(ids, weights, values, format_, scorer, term=term, terminfo=terminfo)


class Writer:
    """Takes the postings of one term after the other. Its attributes are what a W3TermInfo sums up."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def start_postings(self, format_: Any, terminfo: W3TermInfo) -> None:
        self._terminfo = terminfo
        self._ids: list[int] = []
        self._weights: list[float] = []
        self._values: list[bytes] = []

    def add_posting(self, id_: int, weight: float, vbytes: bytes, length: int | None = None) -> None:
        self._ids.append(id_)
        self._weights.append(weight)
        self._values.append(vbytes)

    def finish_postings(self) -> W3TermInfo:
        file, info = self._file, self._terminfo
        file.write(bytes(-file.tell() % _ALIGNED))
        offset = file.tell()
        ends = np.cumsum([len(value) // 8 for value in self._values])
        file.write(_HEAD.pack(len(self._ids), ends[-1]))
        file.write(b"".join(self._values))
        file.write(np.array(self._ids, "<u4").tobytes())
        file.write(ends.astype("<u4").tobytes())
        file.write(np.minimum(self._weights, MOST_WEIGHT).astype("<u2").tobytes())
        info.add_block(self)
        info.set_extent(offset, file.tell() - offset)
        return info

    def __len__(self) -> int:
        return len(self._ids)

    def min_id(self) -> int:
        return self._ids[0]

    def max_id(self) -> int:
        return self._ids[-1]

    def max_weight(self) -> float:
        return max(self._weights)

    def min_length(self) -> int:
        return 0

    def max_length(self) -> int:
        return 0
