"""The words of the fields of a call, by the path under which its form shows them, and of its states."""

from __future__ import annotations

from collections.abc import Mapping

from .language import N_

CALL_PARTS: Mapping[str, str] = {
    "call.opens_at": N_("Opens"),
    "call.closes_at": N_("Closes"),
    "call.grace_minutes": N_("Minutes of grace"),
    "call.sectors": N_("Sectors that may enter"),
    "call.eligibility": N_("Who and what may enter"),
    "call.eligibility.statuses": N_("Deployments that are"),
    "call.eligibility.count_kinds": N_("Numbers of connections that are"),
    "call.eligibility.min_connections": N_("Least number of connections"),
    "call.eligibility.not_planned": N_("No projects that are only planned"),
    "call.eligibility.benchmark_term": N_("No project that is a benchmark at the time"),
    "call.eligibility.one_per_direction": N_("One entry for each applicant and direction"),
    "call.places": N_("Places of a recommender"),
    "call.rubric": N_("Rubric"),
    "call.sides": N_("Questions beside the score"),
    "code": N_("Short name"),
    "weight": N_("Weight in per cent"),
    "lowest": N_("Lowest score"),
    "highest": N_("Highest score"),
    "reason_low": N_("A reason is needed from here down"),
    "reason_high": N_("A reason is needed from here up"),
    "anchors": N_("What scores mean"),
    "score": N_("Score"),
    "call.rubric.title": N_("Criterion"),
    "call.rubric.anchors.text": N_("In words"),
    "call.sides.title": N_("Question"),
    "call.reviewers": N_("Experts for each case"),
    "call.review": N_("Do experts see who applies?"),
    "call.approvals": N_("People who approve the list, one after the other"),
    "call.notice_days": N_("Working days of the public notice"),
    "call.certificate": N_("Certificate"),
    "body": N_("Text"),
}

CALL_LABELS: Mapping[str, Mapping[str, str]] = {
    "call_state": {
        "draft": N_("Draft"),
        "announced": N_("Announced"),
        "open": N_("Open for entries"),
        "closed": N_("Closed for entries"),
        "formal_check": N_("Formal check"),
        "scoring": N_("Expert review"),
        "ranking": N_("Ranking"),
        "approval": N_("Approval"),
        "publicity": N_("Public notice"),
        "published": N_("Result published"),
        "archived": N_("Archived"),
        "cancelled": N_("Cancelled"),
    },
    "call_part": {
        "words": N_("What it is about"),
        "window": N_("Window"),
        "entering": N_("What may enter"),
        "rubric": N_("How it is judged"),
        "procedure": N_("Procedure"),
        "certificate": N_("Certificate"),
    },
    "call_move": {
        "call.announce": N_("Announce"),
        "call.check": N_("Begin the formal check"),
        "call.cancel": N_("Cancel the call"),
    },
    "review": {
        "blind": N_("No: blind review"),
        "open": N_("Yes: open review"),
    },
    "hint": {
        "call.text": N_("Purpose, what is looked for, what the selected get. Markdown may be used."),
        "call.opens_at": N_("Such as 2026-12-01 09:00, Asia/Shanghai."),
        "call.closes_at": N_("Such as 2026-12-18 17:00, Asia/Shanghai; this minute still counts."),
        "call.grace_minutes": N_("How long after that a late entry is still taken."),
        "call.sectors": N_("Each includes those below it. None ticked: all may enter."),
        "call.eligibility.count_kinds": N_("Ticked ones must be there, and only they count for the least number."),
        "call.places": N_("What a recommender gets unless you say otherwise; 0 to 1000."),
        "call.rubric": N_("The weights add to 100. The rubric is frozen once a review has begun."),
        "call.rubric.code": N_("Small letters, digits and hyphens, such as effect."),
        "call.rubric.anchors": N_("At least two, such as the lowest and the highest score."),
        "call.sides": N_("Experts answer them in words; nobody counts them."),
        "call.sides.code": N_("Small letters, digits and hyphens, such as risk."),
        "call.approvals": N_("Different people; 1 to 5."),
        "call.reviewers": N_("1 to 15."),
        "call.notice_days": N_("1 to 60, counted by the calendar of working days."),
    },
    "item": {
        "call.rubric": N_("Criterion"),
        "call.rubric.anchors": N_("Score"),
        "call.sides": N_("Question"),
    },
}
