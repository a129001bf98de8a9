"""Pinyin: how Chinese words sound, and what Latin letters may be when they are read as syllables.

Sounds are without tones, and ü is written u, because that is how people type them: nv, nu and nü are one.
The readings are pypinyin's data. Its own converter keeps 56 MB of them in memory and takes 23 µs a word; what
is kept here is one reading a character and the words that are read otherwise: 6 MB and 1 µs.
"""

import functools
import importlib.util
import json
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

from search.analysis import words
from search.folding import HAN, fold

_SYLLABLES = (
    "a ai an ang ao ba bai ban bang bao bei ben beng bi bian biao bie bin bing bo bu ca cai can cang cao "
    "ce cen ceng cha chai chan chang chao che chen cheng chi chong chou chu chua chuai chuan chuang chui "
    "chun chuo ci cong cou cu cuan cui cun cuo da dai dan dang dao de dei den deng di dia dian diao die "
    "ding diu dong dou du duan dui dun duo e ei en eng er fa fan fang fei fen feng fo fou fu ga gai gan "
    "gang gao ge gei gen geng gong gou gu gua guai guan guang gui gun guo ha hai han hang hao he hei hen "
    "heng hong hou hu hua huai huan huang hui hun huo ji jia jian jiang jiao jie jin jing jiong jiu ju "
    "juan jue jun ka kai kan kang kao ke kei ken keng kong kou ku kua kuai kuan kuang kui kun kuo la lai "
    "lan lang lao le lei leng li lia lian liang liao lie lin ling liu lo long lou lu luan lue lun luo ma "
    "mai man mang mao me mei men meng mi mian miao mie min ming miu mo mou mu na nai nan nang nao ne nei "
    "nen neng ni nian niang niao nie nin ning niu nong nou nu nuan nue nun nuo o ou pa pai pan pang pao "
    "pei pen peng pi pian piao pie pin ping po pou pu qi qia qian qiang qiao qie qin qing qiong qiu qu "
    "quan que qun ran rang rao re ren reng ri rong rou ru rua ruan rui run ruo sa sai san sang sao se sen "
    "seng sha shai shan shang shao she shei shen sheng shi shou shu shua shuai shuan shuang shui shun "
    "shuo si song sou su suan sui sun suo ta tai tan tang tao te teng ti tian tiao tie ting tong tou tu "
    "tuan tui tun tuo wa wai wan wang wei wen weng wo wu xi xia xian xiang xiao xie xin xing xiong xiu xu "
    "xuan xue xun ya yan yang yao ye yi yin ying yo yong you yu yuan yue yun za zai zan zang zao ze zei "
    "zen zeng zha zhai zhan zhang zhao zhe zhei zhen zheng zhi zhong zhou zhu zhua zhuai zhuan zhuang "
    "zhui zhun zhuo zi zong zou zu zuan zui zun zuo"
)
SYLLABLES = frozenset(_SYLLABLES.split())
LONGEST_SYLLABLE = 6
MAX_TYPED = 60
MAX_AHEAD = 12
"""Boundaries that one word may span; there are more of them than syllables."""
READINGS = 3
"""How many ways to read the same letters are tried."""

_SIGNS = re.compile("[^a-z0-9]+")
SEPARATOR = re.compile(r"[\s']+")
_ALL_HAN = re.compile(f"[{HAN}]+")
_PHRASE = re.compile(r'"([^"]+)":\s*\[([^:]*)\]')
_READING = re.compile(r'\[\s*"([^"]+)"')


class _Data(NamedTuple):
    characters: dict[str, str]
    words: dict[str, tuple[str, ...]]
    """Those that do not sound as their characters do one by one: 银行, 重庆."""


@functools.cache
def _data() -> _Data:
    package = importlib.util.find_spec("pypinyin")  # found, not imported: importing it reads everything
    if package is None or package.origin is None:
        raise ModuleNotFoundError("pypinyin")
    folder = Path(package.origin).parent
    readings = json.loads((folder / "pinyin_dict.json").read_bytes())
    characters = {chr(int(code)): _plain(sounds.partition(",")[0]) for code, sounds in readings.items()}
    exceptions = {}
    # Not by json.loads: a list for every character of 47 000 words takes 50 MB at once.
    for word, readings in _PHRASE.findall((folder / "phrases_dict.json").read_text("utf-8")):
        sounds = tuple(map(_plain, _READING.findall(readings)))
        if len(sounds) == len(word) and sounds != tuple(characters.get(char, "") for char in word):
            exceptions[word] = sounds
    return _Data(characters, exceptions)


@functools.lru_cache(maxsize=4096)
def _plain(sound: str) -> str:
    """Without its tone: "lǜ" is "lu"."""
    return "".join(mark for mark in unicodedata.normalize("NFD", sound) if mark.isascii())


def pinyin(word: str) -> tuple[str, ...]:
    """A syllable a character. What has no reading stands for itself."""
    data = _data()
    return data.words.get(word) or tuple(data.characters.get(char, char) for char in word)


def letters(typed: str) -> str:
    """What was typed, as sounds are kept: without the signs between syllables, v for ü as u."""
    return _SIGNS.sub("", fold(typed).text).replace("v", "u")


def boundaries(sound: str) -> list[int]:
    """Where syllables may begin and end, from 0 to the end; empty when these letters are not pinyin."""
    reached = {0}
    steps = []
    for start in range(len(sound)):
        if start in reached:
            for end in range(start + 1, min(start + LONGEST_SYLLABLE, len(sound)) + 1):
                if sound[start:end] in SYLLABLES:
                    reached.add(end)
                    steps.append((start, end))
    leading = {len(sound)}  # on to the end
    for start, end in reversed(steps):
        if end in leading:
            leading.add(start)
    return sorted(leading) if 0 in leading and sound else []


class _Reading(NamedTuple):
    """Words that sound like the letters up to some point; the smaller the likelier."""

    length: int
    rarity: int
    words: tuple[str, ...]


def han(typed: str, sounding: Callable[[str], Sequence[str]]) -> list[str]:
    """Chinese words, with spaces between them, that sound like this; the likeliest first.

    `sounding` gives the known words of one sound, the most frequent first. Few long words are likelier than
    many short ones. A sign or space that was typed between syllables is one: xi'an is 西安 and never 先.
    """
    runs, separated = _runs(typed)
    sound = "".join(runs)
    if len(sound) > MAX_TYPED or not all(boundaries(run) for run in runs):
        return []
    places = sorted(separated.union(boundaries(sound)))
    best: dict[int, list[_Reading]] = {0: [_Reading(0, 0, ())]}
    for at, start in enumerate(places):
        for end in places[at + 1 : at + 1 + MAX_AHEAD] if start in best else ():
            inner = {place for place in separated if start < place < end}
            known = [word for word in sounding(sound[start:end]) if inner <= _ends(word, start)][:READINGS]
            longer = [
                _Reading(before.length + 1, before.rarity + rarity, (*before.words, word))
                for before in best[start]
                for rarity, word in enumerate(known)
            ]
            if longer:
                best[end] = sorted([*best.get(end, ()), *longer])[:READINGS]
    return [" ".join(reading.words) for reading in best.get(len(sound), ()) if reading.words]


def _ends(word: str, start: int) -> set[int]:
    """The places at which the syllables of a word end."""
    return {start + end for end in accumulate(map(len, pinyin(word)))}


def _runs(typed: str) -> tuple[list[str], set[int]]:
    """What stands between the signs, and the places of these when all is put together."""
    runs = [run for run in map(letters, SEPARATOR.split(typed)) if run]
    return runs, {*accumulate(map(len, runs[:-1]))}


class Heard(NamedTuple):
    """A text as it is typed by ear."""

    full: list[str]
    """A syllable for a Chinese character; any other word as it is written."""
    initials: list[str]
    starts: list[tuple[int, int]]
    """Where words begin: in the text, and in the two lists."""


def heard(folded: str) -> Heard:
    found = Heard([], [], [])
    for place, piece in _pieces(folded):
        found.starts.append((place, len(found.full)))
        if _ALL_HAN.fullmatch(piece):
            syllables = pinyin(piece)
            found.full.extend(syllables)
            found.initials.extend(syllable[0] for syllable in syllables)
        else:  # NB-IoT水表 is typed nbiotshuibiao, or nbiotsb
            found.full.append(letters(piece))
            found.initials.append(found.full[-1])
    return found


def _pieces(folded: str) -> Iterator[tuple[int, str]]:
    """The words of a text with their places."""
    if len(folded) == 2:  # most are, and no dictionary cuts them
        yield 0, folded
        return
    for word in words(folded):
        for piece in word.parts or (word.whole,):
            yield piece.start, folded[piece.start : piece.end]


def divided(typed: str, syllables: Sequence[str]) -> bool:
    """Do the syllables somewhere go on as was typed, each sign between two of them?"""
    runs, separated = _runs(typed)
    return any(
        "".join(syllables[start:]).startswith("".join(runs))
        and separated <= {*accumulate(map(len, syllables[start:]))}
        for start in range(len(syllables))
    )
