"""What else to look for when nothing has what was asked for: other texts, one after the other.

Only plain words are changed. Phrases, fields with their values, beginnings (smok*) and what is not to be found
stay as they were typed, because whoever typed a sign meant it.
"""

import re
from collections.abc import Callable, Iterator, Mapping

from search.analysis import Piece, cut, words
from search.documents import Widened
from search.folding import HAN
from search.sounds import READINGS, pinyin
from search.vocabulary import Vocabulary
from search.wanted import MAX_SINGLES, STOP

MAX_UNKNOWN = 8
"""Nobody means a word of a text in which more than these are unknown."""

Span = tuple[int, int]

_QUOTE = '"“”「」『』＂'
_PHRASE = f"[{_QUOTE}][^{_QUOTE}]*(?:[{_QUOTE}]|$)"
_LETTER = rf"[^\W\d_{HAN}]"
_JOINING = "[-.+&@/_'’]"
_TEXT = re.compile(
    rf"""
    {_PHRASE}
    | (?: (?<!\S) [-!－−] | \bNOT\s+ ) (?: {_PHRASE} | \( [^()]* \)? | \S+ )
    | (?<![^\W\d_]) [^\W\d_]+ \s* [:：<>=＜＞＝≥≤]+ \s* (?: {_PHRASE} | [(（] [^()（）]* [)）]? | \S+ )?
    | (?<![^\s()|"]) [^\s()|"*＊]+ [*＊]
    | \b (?:AND|OR|NOT) \b
    | (?P<latin> (?<![^\W{HAN}]) (?<!{_JOINING}) {_LETTER}+ (?:'{_LETTER}+)* (?! [^\W{HAN}] | {_JOINING}\w ) )
    | (?P<han> [{HAN}]+ )
    """,
    re.VERBOSE,
)


def widenings(text: str, vocabulary: Vocabulary, occurs: Callable[[str], bool]) -> Iterator[Widened]:
    """Texts to try in this order, each wider than the one before it.

    `occurs(word)`: does any document have it? The vocabulary does not know the words of long texts.
    A word that can be read as pinyin is not corrected: nongye is farming, and two slips away from "nonce".
    """
    found = list(_TEXT.finditer(text))
    unknown = [span for each in found if (span := each.span("latin"))[1] > 0 and not occurs(text[slice(*span)])]
    changes: dict[Span, str] = {}
    if len(unknown) <= MAX_UNKNOWN:
        read = _read_as_pinyin(text, unknown, vocabulary)
        for start, end in unknown:
            heard = any(first <= start < last for first, last in read)
            if not heard and (word := vocabulary.correct(text[start:end])):
                changes[start, end] = word
        alike = _heard_alike(text, [each.span("han") for each in found if each["han"]], vocabulary, occurs)
        # 水标 is no word, but 税务 is one; whoever wrote it need not have meant 水务.
        doubtful = {span: word for span, word in alike.items() if len(cut(text[slice(*span)])) == 1}
        changes |= {span: word for span, word in alike.items() if span not in doubtful}
        if changes:
            yield Widened("spelling", _changed(text, changes))
        if doubtful:
            yield Widened("spelling", _changed(text, changes | doubtful), sure=False)
        for number in range(max(map(len, read.values()), default=0)):
            changes |= {span: ways[min(number, len(ways) - 1)] for span, ways in read.items()}
            yield Widened("pinyin", _changed(text, changes))
        changes |= {span: ways[0] for span, ways in read.items()}
    names = {
        span: pairs for each in found if each["han"] for span, pairs in _names(text, *each.span("han"), occurs)
    }
    if names:
        yield Widened("bigrams", _changed(text, changes | names))


def _read_as_pinyin(text: str, unknown: list[Span], vocabulary: Vocabulary) -> dict[Span, list[str]]:
    """Unknown words that are pinyin, with what they may be; all that stand in a row together, or each alone."""
    rows: list[list[Span]] = []
    for span in unknown:
        if rows and text[rows[-1][-1][1] : span[0]].isspace():
            rows[-1].append(span)
        else:
            rows.append([span])
    found = {}
    for row in rows:
        whole = row[0][0], row[-1][1]
        for span in [whole] if vocabulary.han(text[slice(*whole)]) else row:
            if ways := vocabulary.han(text[slice(*span)]):
                found[span] = ways[:READINGS]
    return found


def _heard_alike(
    text: str, runs: list[Span], vocabulary: Vocabulary, occurs: Callable[[str], bool]
) -> dict[Span, str]:
    """Chinese that no document has, with what sounds the same and differs in one character.

    水标 was typed as shuibiao and meant 水表; 移远 is a name, not a 医院 badly written.
    """
    found = {}
    for start, end in runs[:MAX_UNKNOWN]:
        if 2 <= end - start <= MAX_SINGLES and not occurs(text[start:end]):
            alike = vocabulary.han("".join(pinyin(text[start:end])))
            if alike and _one_off(alike[0].replace(" ", ""), text[start:end]):
                found[start, end] = alike[0]
    return found


def _one_off(one: str, other: str) -> bool:
    return len(one) == len(other) and sum(map(str.__ne__, one, other)) == 1


def _names(text: str, start: int, end: int, occurs: Callable[[str], bool]) -> Iterator[tuple[Span, str]]:
    """Characters in a row that no dictionary joins, as any two neighbours among them.

    Once there is one such character, a word that no document has is as good as its characters: 鹏讯通 is cut
    into 鹏 and 讯通. What is nothing but words of the dictionary is never split.
    """
    run: list[Piece] = []
    for word in [*words(text[start:end]), None]:
        if word and word.whole.term not in STOP and (len(word.whole.term) == 1 or not occurs(word.whole.term)):
            run.append(word.whole)
            continue
        single = any(len(piece.term) == 1 for piece in run)
        first, last = (start + run[0].start, start + run[-1].end) if run else (0, 0)
        if single and 2 < last - first <= MAX_SINGLES:
            pairs = (f'"{text[place : place + 2]}"' for place in range(first, last - 1))
            yield (first, last), f"({' OR '.join(pairs)})"
        run = []


def _changed(text: str, changes: Mapping[Span, str]) -> str:
    """The text with these stretches replaced; a space keeps them from the words that they stood against."""
    changed, done = "", 0
    for (start, end), instead in sorted(changes.items()):
        before, after = text[done:start], text[end : end + 1]
        gap = " " if (before or changed)[-1:].isalnum() else ""
        changed += before + gap + instead + (" " if after.isalnum() else "")
        done = end
    return changed + text[done:]
