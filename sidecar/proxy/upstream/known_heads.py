"""Heads of answers that were read before. Most of a backend's answers have the same head, but for the number in `Content-Length`.

The strict reader stays the only judge: what is known is that it took these very bytes for this head. A head that differs from one of those
in the digits of its `Content-Length` alone is the same but for that number, since the reader takes each line by itself.
"""

import re

from sidecar.proxy.upstream.answer_head import AnswerHead, read_answer_head

_MOST_REMEMBERED = 256  # of each kind
_LONGEST_REMEMBERED = 2048  # bytes
_WITH_LENGTH = re.compile(rb"(?s)(.*?\r\nContent-Length: )([0-9]{1,18})(\r\n.*)")


class KnownHeads:
    """Remembers heads, bounded: when there are too many it begins anew, which costs less than to know which of them are old."""

    def __init__(self) -> None:
        self._heads: dict[bytes, AnswerHead] = {}
        self._around_length: dict[tuple[bytes, bytes], AnswerHead] = {}

    def read(self, block: bytes) -> AnswerHead:
        """As `read_answer_head`.

        :raises Refusal: as that; what is refused is not remembered.
        """
        known = self._heads.get(block)
        if known is not None:
            return known
        if len(block) > _LONGEST_REMEMBERED:
            return read_answer_head(block)
        cut = _WITH_LENGTH.fullmatch(block)
        if cut is None:
            head = read_answer_head(block)
        else:
            around = cut[1], cut[3]
            alike = self._around_length.get(around)
            if alike is not None:
                head = alike.with_length(cut[2])
            else:
                head = read_answer_head(block)
                if len(self._around_length) >= _MOST_REMEMBERED:
                    self._around_length.clear()
                self._around_length[around] = head
        if len(self._heads) >= _MOST_REMEMBERED:
            self._heads.clear()
        self._heads[block] = head
        return head
