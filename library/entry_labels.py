"""The words of the states of an entry, of what is done to it, and of the checks of a call."""

from __future__ import annotations

from collections.abc import Mapping

from .language import N_

ENTRY_LABELS: Mapping[str, Mapping[str, str]] = {
    "entry_state": {
        "entered": N_("Waits for a recommendation"),
        "recommended": N_("Waits for the form check"),
        "not_recommended": N_("Not recommended"),
        "check_passed": N_("Form check passed"),
        "needs_correction": N_("Returned for correction"),
        "check_failed": N_("Form check failed"),
        "in_review": N_("Under review"),
        "shortlisted": N_("Shortlisted"),
        "not_selected": N_("Not selected"),
        "in_publicity": N_("On public notice"),
        "on_hold": N_("On hold for an objection"),
        "selected": N_("Selected as a benchmark project"),
        "removed": N_("Removed after an objection"),
        "withdrawn": N_("Withdrawn"),
    },
    "entry_move": {
        "entry.correct": N_("Hand in the correction"),
        "entry.withdraw": N_("Withdraw the entry"),
        "entry.recommend": N_("Recommend"),
        "entry.decline": N_("Do not recommend"),
        "entry.pass": N_("Pass the form check"),
        "entry.return": N_("Return for correction"),
        "entry.fail": N_("Fail the form check"),
    },
    "entry_check": {
        "sectors": N_("The sector is one that the call is for"),
        "statuses": N_("The deployment is in a state that the call takes"),
        "count_kinds": N_("The case has a number of connections of a kind that the call asks for"),
        "min_connections": N_("The number of connections is large enough"),
        "not_planned": N_("The project is not only planned"),
        "benchmark_term": N_("The project is no benchmark at the time"),
        "one_per_direction": N_("No other entry of the applicant is in this direction"),
    },
    "entry_stage": {
        "entered": N_("Entered"),
        "recommended": N_("Recommendation"),
        "checked": N_("Form check"),
        "review": N_("Expert review"),
        "decision": N_("Decision"),
        "notice": N_("Public notice"),
        "result": N_("Result"),
    },
    "check_outcome": {
        "passed": N_("Passed"),
        "returned": N_("Returned for correction"),
        "failed": N_("Failed"),
    },
}
