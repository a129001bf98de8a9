"""What an expert types into a whole score sheet of the calls that `calling` makes."""

from __future__ import annotations

WHY = {"reason": "因为。"}
FULL = {
    **{"score.effect": "80", "reason.effect": "", "score.novelty": "70", "side.risk": "无。"},
    **{"remarks": "好。", "confidence": "medium", "recognised": "no"},
}
