"""The life of a case, one row a move. A verb has two rows where a change of an admitted case waits."""

from __future__ import annotations

from ..errors import Text
from ..workflow import Move
from . import admission, operations, submissions
from .policy import may_archive, may_curate, may_draft, may_judge, may_release, may_restore

ADMITTED = frozenset({"admitted"})
SUBMITTED = frozenset({"submitted"})
UNDECIDED = frozenset({"draft", "submitted", "returned"})

LIBRARY = (
    Move(
        "case.collect",
        frozenset({"draft"}),
        "admitted",
        may_curate,
        effect=operations.revise,
        note=Text("Admitted from public sources."),
    ),
    Move("case.revise", ADMITTED, "admitted", may_curate, effect=operations.revise),
)

OWNER = (
    Move(
        "case.submit",
        frozenset({"draft", "returned"}),
        "submitted",
        may_draft,
        guard=submissions.not_ready,
        effect=submissions.submit,
        note=Text("Handed in; an officer looks at it."),
    ),
    Move(
        "case.submit",
        ADMITTED,
        "admitted",
        may_draft,
        guard=submissions.not_ready,
        effect=submissions.submit,
        note=Text(
            "A change was handed in; the library shows the case as it was until an officer has looked at it."
        ),
    ),
    Move("case.withdraw", UNDECIDED, "withdrawn", may_draft, effect=submissions.withdraw),
    Move(
        "case.withdraw",
        ADMITTED,
        "admitted",
        may_draft,
        guard=submissions.nothing_waits,
        effect=submissions.withdraw,
        note=Text("The change was taken back; the case stays as it was."),
    ),
)

DESK = (
    Move("case.admit", SUBMITTED, "admitted", may_judge, effect=admission.admit),
    Move(
        "case.admit",
        ADMITTED,
        "admitted",
        may_judge,
        guard=submissions.nothing_waits,
        effect=admission.admit,
    ),
    Move("case.return", SUBMITTED, "returned", may_judge, effect=admission.send_back),
    Move(
        "case.return",
        ADMITTED,
        "admitted",
        may_judge,
        guard=submissions.nothing_waits,
        effect=admission.send_back,
    ),
    Move("case.decline", SUBMITTED, "declined", may_judge, effect=admission.decline),
    Move(
        "case.decline",
        ADMITTED,
        "admitted",
        may_judge,
        guard=submissions.nothing_waits,
        effect=admission.decline,
    ),
    Move(
        "case.release",
        ADMITTED,
        "admitted",
        may_release,
        guard=admission.not_embargoed,
        effect=admission.release,
        note=Text("The embargo has ended."),
    ),
)

BOTH = (
    Move(
        "case.archive",
        ADMITTED,
        "archived",
        may_archive,
        effect=admission.archive,
        note=Text("No longer shown."),
    ),
    Move("case.restore", frozenset({"archived"}), "admitted", may_restore, effect=admission.restore),
)

FLOW = (*LIBRARY, *OWNER, *DESK, *BOTH)
