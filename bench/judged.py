"""How well search answers: the judged queries of tests/search/judged/, a line per class.

There is no peer here, only the judgement. Failing queries are told for the split that one may tune by.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests import judged_library, judging


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        index, facts = judged_library.build(Path(name))
        answers = list(judging.answers(index, judging.queries(facts), of=len(facts)))
    for split in ("tune", "held"):
        print(*judging.table(split, [one for one in answers if one.asked.split == split]), "", sep="\n")
    print(*judging.table("both", answers), "", sep="\n")
    print(*judging.failures(answers), sep="\n")
