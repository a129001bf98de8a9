"""The words of public notices and of objections to what they announce."""

from __future__ import annotations

from collections.abc import Mapping

from .language import N_

NOTICE_LABELS: Mapping[str, Mapping[str, str]] = {
    "noticed": {
        "shortlisted": N_("On public notice"),
        "in_publicity": N_("On public notice"),
        "on_hold": N_("On hold for an objection"),
        "selected": N_("Among the selected"),
        "removed": N_("Removed after an objection"),
        "withdrawn": N_("Entry withdrawn"),
    },
    "objection_state": {
        "filed": N_("Filed"),
        "admitted": N_("Admitted, answer awaited"),
        "not_admitted": N_("Not admitted"),
        "replied": N_("Answered, to be decided"),
        "upheld": N_("Upheld"),
        "dismissed": N_("Dismissed"),
    },
    "objection_view": {
        "waiting": N_("To be admitted or not"),
        "awaited": N_("Answer awaited"),
        "decide": N_("To be decided"),
        "ended": N_("Ended"),
    },
    "objection_ground": {
        "false_material": N_("Something in the case is not true"),
        "not_eligible": N_("The case or the applicant may not take part"),
        "rights": N_("Somebody else's rights are violated"),
        "conflict": N_("Somebody who decided was not impartial"),
        "procedure": N_("The procedure was not kept"),
        "other": N_("Something else"),
    },
    "refusal": {
        "late": N_("It came after the last moment of the notice"),
        "anonymous": N_("It was filed without a real name or contact"),
        "no_evidence": N_("It came without evidence"),
        "unrelated": N_("It is about something that the notice does not announce"),
        "own_score": N_("Disagreeing with one's own score is not an objection"),
        "repeated": N_("The same was examined before"),
    },
    "replier": {
        "applicant": N_("Applicant"),
        "recommender": N_("Recommending body"),
    },
    "objection_move": {
        "objection.admit": N_("Admit the objection"),
        "objection.refuse": N_("Do not admit it"),
        "objection.uphold": N_("Uphold the objection"),
        "objection.dismiss": N_("Dismiss the objection"),
    },
}
