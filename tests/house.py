"""The rules of the house as functions from sources to complaints: floors, the "only one" rules, sizes, names."""

from __future__ import annotations

import ast
import re
from importlib import import_module

from sources import CHAPTERS, Module, Sources, imports

from library.workflow import Move

# The floor of each room of a chapter: the eight that every chapter may have, and those that one chapter has.
FLOORS = {
    "models": 1,
    "upload_models": 1,  # files on their way to a case
    "withheld_models": 1,  # what is kept from whom
    "letter_models": 1,  # letters and who does not want them
    "draft_models": 1,  # a case on its way into the library
    "entry_models": 1,  # a case in a call
    "expert_models": 1,  # the pool and its reviews
    "decision_models": 1,  # rankings, lists, approvals
    "notice_models": 1,  # what is announced, and objections
    "benchmark_models": 1,  # what was selected
    "queries": 2,
    "schemas": 2,
    "policy": 2,
    "counts": 2,  # pure rules over connection counts
    "numbers": 2,  # series of numbers
    "taxonomy": 2,  # reads and shapes of the trees
    "json_lines": 2,  # pure: where a value stands in a file
    "diff": 2,  # pure: two revisions word by word
    "rules": 2,  # pure: the named checks of a case
    "queue_statements": 2,  # its selects
    "queue": 2,  # what waits at the officers' desk
    "eligibility": 2,  # pure: which cases may enter a call
    "mistakes": 2,  # pure: what the schema says is wrong, in our words
    "sections": 2,  # pure: a draft's sections, as typed and as a document
    "likeness": 2,  # pure: passages that are nearly the same
    "desk_schemas": 2,  # what officers and owners fill in
    "worklist": 2,  # what an organisation has in work
    "hints": 2,  # what the editor asks for in each field
    "register": 2,  # all organisations, as officers read them
    "operations": 3,
    "people": 3,  # who acts, and sign-ins
    "profile": 3,  # a person's name, proofs and roles
    "erasure": 3,  # the end of an account
    "account_letters": 3,  # with links that open something
    "members": 3,  # who belongs to an organisation
    "invitations": 3,  # who is asked to join one
    "identities": 3,  # what single sign-on vouches for
    "answers": 3,  # to requests that programs may send again
    "tokens": 3,  # words with which programs act
    "letters": 3,  # letters held, edited, sent
    "letter_flow": 4,
    "review_flow": 4,  # the life of a review
    "bulk_flow": 4,
    "draft_documents": 3,  # a draft as one document, for programs
    "drafts": 3,  # what is typed
    "draft_past": 3,  # what was typed before
    "draft_comments": 3,  # and what is remarked on it
    "draft_copies": 3,  # a draft that starts from another case
    "draft_files": 3,  # which of them a draft names
    "uploads": 3,  # files on their way to a case
    "upload_checks": 3,  # a look into them
    "leftovers": 3,  # files that nobody came back for
    "submissions": 3,  # handed in, and what the library answered
    "rulebook": 3,  # formal rules and working days, as officers set them
    "admission": 3,  # what the library answers to a submission
    "places": 3,  # quotas of recommenders, late permits
    "masks": 3,  # what is masked, as an officer confirms it
    "reviews": 3,  # score sheets written, closed, opened again
    "entry_policy": 2,
    "entry_schemas": 2,
    "entry_queries": 2,
    "entry_stages": 2,  # pure: how far an entry has come
    "entry_queue": 2,  # what waits at the form check
    "entry_passing": 5,  # many entries passed at once, through the flow
    "entering": 6,  # an applicant enters, and follows its entries
    "recommending": 6,
    "desk_entries": 6,  # the form check
    "api_entries": 6,
    "entries": 3,  # entered, recommended, taken back
    "checks": 3,  # the form check of entries
    "entry_flow": 4,
    "benchmark_policy": 2,
    "benchmark_queries": 2,
    "report_queries": 2,  # how a call went, in numbers
    "publishing": 3,  # what a call came to
    "benchmarks": 3,  # renewed, revoked
    "benchmark_facts": 3,
    "benchmark_flow": 4,
    "publication": 5,  # a result carried out, in portions
    "certificates": 5,  # as documents
    "report": 5,  # how a call went, in words
    "call_documents": 5,  # what a worker draws of a whole call
    "call_archive": 5,  # a whole call as one file
    "call_tables": 5,  # the lists of a call as tables
    "benchmark_pages": 6,
    "result_pages": 6,  # what a call came to, and how it went
    "verify": 6,  # is this certificate valid?
    "desk_benchmarks": 6,
    "desk_exports": 6,  # lists and whole calls taken away
    "api_benchmarks": 6,
    "notice_policy": 2,
    "notice_schemas": 2,
    "notice_queries": 2,
    "announcing": 3,  # public notices
    "objections": 3,
    "objection_letters": 3,  # their receipts
    "objection_erasing": 3,  # who objected, a year after
    "notice_facts": 3,
    "notice_steps": 4,  # what follows from a notice
    "objection_flow": 4,
    "notice_pages": 6,
    "desk_objections": 6,
    "desk_notices": 6,
    "objection_replies": 6,
    "duplicates": 3,  # cases that say nearly the same as another
    "links": 3,  # collected cases and the organisations in them
    "grids": 2,  # tables of cases
    "scores": 2,  # tables of scores
    "ranking": 2,  # pure: from scores to an order
    "agreement": 2,  # pure: on which criteria experts disagree
    "standing": 2,  # pure: what a run answers from its inputs
    "decision_policy": 2,  # who may what with rankings, lists, approvals
    "decision_schemas": 2,  # what is filled in for a decision
    "run_queries": 2,  # ranking runs
    "list_queries": 2,  # lists of the selected, approvals, what applicants read of them
    "feedback": 2,  # what applicants may know of a decision
    "runs": 3,  # ranking runs, written once
    "lists": 3,  # the list of the selected and its approvals
    "outcomes": 3,  # what a decision makes of an entry
    "decision_flow": 4,
    "release": 4,  # decisions on their way to the entries
    "rank_sheets": 5,  # a run and a list as their pages draw them
    "desk_ranking": 6,  # runs at the desk
    "desk_list": 6,  # the list, its approval sheet, its release
    "conflicts": 2,  # pure: which expert may not judge which entry
    "assigning": 2,  # pure: experts given to entries as a flow
    "assign_links": 2,  # pure: a plan mixed and linked, and why it has gaps
    "expert_policy": 2,
    "expert_schemas": 2,
    "expert_queries": 2,  # the pool
    "assign_queries": 2,  # what an assignment starts from
    "review_progress": 2,  # how far the reviews of a call are
    "pool": 3,  # who judges: invited, joined, left
    "ties": 3,  # organisations that hang together
    "assignments": 3,  # plans of who judges what
    "scoring": 3,  # a call goes to its experts
    "assign_flow": 4,  # reviews given and taken away
    "planning": 4,  # what the worker does with plans
    "desk_experts": 6,  # the pool and the ties at the desk
    "desk_assign": 6,  # plans, and who judges an entry
    "expert": 6,  # an expert's own particulars
    "rubrics": 2,  # pure: a score sheet against its rubric
    "masking": 2,  # pure: words that no expert may read, found and hidden
    "review_queries": 2,  # reviews, as their expert or an officer may see them
    "review_schemas": 2,  # a score sheet, made from the rubric
    "review_policy": 2,  # who may see a review, and its sheet
    "bulk": 3,  # many cases at once
    "facts": 3,  # what events fix, as the tables have it now
    "asked_for": 3,  # what readers search for, counted
    "flow": 4,
    "importer": 5,  # files in, through flow and operations
    "wording": 5,  # codes as words, for both doors
    "finding": 5,  # an address to a search and back, for both doors
    "draft_shapes": 5,  # what the API takes and answers of drafts
    "shapes": 5,  # what the API answers with
    "suggest": 5,  # the beginning of a word to what it may become, for both doors
    "export": 5,  # rows as tables and linked data, for both doors
    "passing": 5,  # many submissions answered at once, through the flow
    "receipts": 5,  # a submission as a document
    "sheets": 5,  # a section of a draft as the editor draws it
    "call_sheets": 5,  # a call as its form draws it
    "todos": 5,  # what is still to be done to a draft
    "views": 6,
    "api": 6,
    "sentences": 5,  # what the accounts library says
    "proofs": 6,  # our variants of the accounts library's parts
    "settings": 6,  # how the accounts library is set up
    "refusals": 6,  # what one may do after signing in, or acting for an organisation
    "entrance": 6,  # its addresses
    "identity": 6,  # the accounts library, fenced
    "account": 6,  # a person's own pages
    "single_sign_on": 6,
    "joining": 6,  # members and invitations
    "vetting": 6,  # an officer looks at organisations
    "api_drafts": 6,  # drafts for programs
    "programs": 6,  # a person's tokens
    "editor": 6,  # a draft, section by section
    "workbench": 6,  # a draft in front of a person, for the pages of the editor
    "editor_past": 6,  # its history, comments and previews
    "editor_moves": 6,  # handing it in, and what came of that
    "uploading": 6,
    "downloads": 6,
    "desk": 6,  # the queue of the officers' desk
    "desk_case": 6,  # one case at it
    "desk_calls": 6,  # calls at it
    "desk_masks": 6,  # masks and reviews at the desk of officers
    "reviewing": 6,  # the desk of an expert
    "desk_rules": 6,  # rules, working days
    "desk_links": 6,  # links, reports
    "linking": 6,  # an organisation asks to be linked with a case
    "importing": 6,
}
DOORS = 6

GROUND = {
    *("config", "errors", "db", "policy", "workflow", "events", "forms", "files", "labels", "web"),
    "api_parts",  # what the doors of the API share
    "attached",  # answers that are files
    "call_labels",
    "benchmark_labels",
    "decision_labels",
    "case_labels",
    "expert_labels",
    "entry_labels",
    "chain",  # is the chain of events whole
    "charts",
    "deliveries",  # work to be done once
    "fields",  # of every schema
    "figures",
    "ladder",
    "language",
    "memory",
    "notice_labels",
    "paging",
    "inspection",  # a look into files before they are taken
    "kinds",  # which files are taken
    "opening",  # of files, by a process of its own
    "unpacking",  # what runs in it
    "packages",  # office files from inside
    "pdf",
    "quarantine",  # files of people whom nobody knows
    "previews",  # what a page shows of a file
    "reading",  # the text of a file
    "review_labels",
    "scanning",  # by ClamAV, where there is one
    "stripping",  # files without what they say about their makers
    "tables",
    "verbs",
    "workdays",
}
ROOF = {
    *("commands", "users", "demonstration", "demonstration_cast", "demonstration_calls"),
    *("", "application", "pages", "indexing", "notices", "worker", "cli", "migrations"),
    *(
        "display",
        "api",
        "feeds",
        "health",
        "logs",
        "mail",
        "searches",
        "seeding",
        "serving",
        "jobs",
        "outbox",
        "audit",
        "hearing",  # who hears of what, in parts; the tables of notices by subject
        "call_notices",
        "benchmark_notices",
        "expert_notices",
        "decision_notices",
        "entry_notices",
        "objection_notices",
        "review_notices",
    ),
}

# Who may know Flask: the doors, what frames them, and the assembly.
FLASK = ("flask", "flask_limiter", "flask_login", "flask_security", "flask_smorest", "flask_wtf", "werkzeug")
FRAME = {"web", "api_parts", "attached", "display"}
ASSEMBLY = {
    "",
    "application",
    "api",
    "cli",
    "feeds",
    "health",
    "logs",
    "pages",
    "searches",
    "serving",
    "outbox",
    "audit",
}

# Imports that break a floor and are still there: from, to, why. One that is gone must leave the list.
DEBTS = {}
# The accounts library is fenced in identity.py, but its mixins are in the models: it answers 500 without them.
MIXINS = ("library.accounts.models", "flask_security")

LONGEST = 300
# What may be longer, with the reason.
LONG = {"library.migrations.versions": "made by Alembic, never edited once landed"}

MEANINGLESS = {"base", "common", "helper", "helpers", "manager", "misc", "util", "utils"}
CLOCK = {("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today"), ("time", "time")}
VERB = re.compile(r"[a-z]+(_[a-z]+)*\.[a-z]+(_[a-z]+)*")


def library(sources: Sources) -> list[Module]:
    return [module for module in sources.values() if module.name.split(".")[0] == "library"]


def place_of(name: str, known: Sources) -> tuple[str, str]:
    return known[name].place if name in known else Module(name, "").place


def unknown_rooms(sources: Sources) -> list[str]:
    """Every module stands on a floor that was chosen."""
    wrong = []
    for module in library(sources):
        chapter, room = module.place
        if not (room == "" or room in FLOORS if chapter else room in GROUND | ROOF):
            wrong.append(f"{module.name} stands in no table of this test")
    return wrong


def upward_imports(sources: Sources) -> list[str]:
    """Down in one's own chapter; at one's floor or lower, but no doors, in an earlier one; from the ground."""
    wrong = []
    for module in library(sources):
        chapter, room = module.place
        if not chapter and room not in GROUND:
            continue  # the roof may import everything
        for target in imports(module, sources):
            if not target.startswith("library"):
                continue
            to_chapter, to_room = place_of(target, sources)
            if not to_chapter:
                fits = to_room in GROUND
            elif not chapter or not to_room:
                fits = False
            elif to_chapter == chapter:
                fits = FLOORS[to_room] <= FLOORS.get(room, 0)
            else:
                earlier = CHAPTERS.index(to_chapter) < CHAPTERS.index(chapter)
                fits = earlier and FLOORS[to_room] <= FLOORS.get(room, 0) and FLOORS[to_room] < DOORS
            if not fits:
                wrong.append(f"{module.name} -> {target}")
    return sorted(set(wrong))


def knowers_of_flask(sources: Sources) -> list[str]:
    """Flask, and what of ours frames it, is for doors (`wording` speaks for them), their frame, the assembly."""
    wrong = []
    for module in library(sources):
        chapter, room = module.place
        if FLOORS.get(room, 0) == DOORS or room == "wording" if chapter else room in FRAME | ASSEMBLY:
            continue
        for target in imports(module, sources):
            framed = target.startswith("library.") and place_of(target, sources) in {("", room) for room in FRAME}
            if (framed or target.split(".")[0] in FLASK) and (module.name, target.split(".")[0]) != MIXINS:
                wrong.append(f"{module.name} -> {target}")
    return sorted(set(wrong))


def outward_imports_of_search(sources: Sources) -> list[str]:
    return [
        f"{module.name} -> {target}"
        for module in sources.values()
        if module.name.split(".")[0] == "search"
        for target in imports(module, sources)
        if target.split(".")[0] in ("library", "sqlalchemy", *FLASK)
    ]


def setters_of_state(sources: Sources) -> list[str]:
    """`.state` is assigned by workflow.step(); a new thing may be given its first state where it is created."""
    wrong = []
    for module in library(sources):
        allowed = _calls_within(module, "create") if module.place[1] == "operations" else set()
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Assign):
                targets = [inner for target in node.targets for inner in ast.walk(target)]
            elif isinstance(node, ast.AugAssign | ast.AnnAssign):
                targets = [node.target]
            else:
                targets = []
            if module.name != "library.workflow":
                for target in targets:
                    if isinstance(target, ast.Attribute) and target.attr == "state":
                        wrong.append(f"{module.name}:{target.lineno} assigns .state")
            if isinstance(node, ast.Call) and node not in allowed:
                name = _called(node)[-1]
                says = any(keyword.arg == "state" for keyword in node.keywords)
                named = any(isinstance(part, ast.Constant) and part.value == "state" for part in node.args)
                if (says and (name == "values" or name[:1].isupper())) or (named and name == "setattr"):
                    wrong.append(f"{module.name}:{node.lineno} sets the state")
    return wrong


def committers(sources: Sources) -> list[str]:
    return [
        f"{module.name}:{node.lineno}"
        for module in library(sources)
        if module.name != "library.db"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and node.attr == "commit"
    ]


def readers_of_the_environment(sources: Sources) -> list[str]:
    return [
        f"{module.name}:{node.lineno}"
        for module in sources.values()
        if module.name != "library.config"
        for node in ast.walk(module.tree)
        if (isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv"))
        or (isinstance(node, ast.ImportFrom) and any(name.name in ("environ", "getenv") for name in node.names))
    ]


def readers_of_the_clock(sources: Sources) -> list[str]:
    """The present comes in by a door, the worker or the command line, and from there as an argument."""
    wrong = []
    for module in sources.values():
        chapter, room = module.place
        if room in ("views", "api") if chapter else room in ("web", "worker", "cli"):
            continue
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute | ast.Name):
                holder = node.value.attr if isinstance(node.value, ast.Attribute) else node.value.id
                if (holder, node.attr) in CLOCK:
                    wrong.append(f"{module.name}:{node.lineno} {holder}.{node.attr}")
    return wrong


def openers_of_files(sources: Sources) -> list[str]:
    """What somebody brought is opened by unpacking.py alone, which runs in a process of its own."""
    opening = ("library.inspection", "library.stripping", "library.reading")
    return [
        f"{module.name} -> {target}"
        for module in library(sources)
        if module.name not in ("library.unpacking", *opening)
        for target in imports(module, sources)
        if target.split(".")[0] in ("PIL", "pikepdf") or target in opening
    ]


def long_files(sources: Sources) -> list[str]:
    return [
        module.name
        for module in sources.values()
        if module.text.count("\n") > LONGEST and not module.name.startswith(tuple(LONG))
    ]


def modules_without_a_docstring(sources: Sources) -> list[str]:
    return [module.name for module in sources.values() if not ast.get_docstring(module.tree)]


def meaningless_names(sources: Sources) -> list[str]:
    return [name for name in sources if MEANINGLESS.intersection(name.split(".")[-1].split("_"))]


def migrations_that_know_us(sources: Sources) -> list[str]:
    """A version stands still while the models move on."""
    return [
        f"{module.name} -> {target}"
        for module in sources.values()
        if module.name.startswith("library.migrations.versions")
        for target in imports(module, sources)
        if target.startswith("library")
    ]


def misspelt_verbs(verbs: list[str]) -> list[str]:
    return [verb for verb in verbs if not VERB.fullmatch(verb)]


def verbs_moved_twice(moves: list[Move]) -> list[str]:
    """From one state a verb leads to one other."""
    ways = [(move.verb, source) for move in moves for source in move.source]
    return sorted({verb for verb, source in ways if ways.count((verb, source)) > 1})


def _called(node: ast.Call) -> tuple[str, ...]:
    """`a.b.c(…)` as its names."""
    names: list[str] = []
    inner: ast.expr = node.func
    while isinstance(inner, ast.Attribute):
        names.insert(0, inner.attr)
        inner = inner.value
    return (inner.id, *names) if isinstance(inner, ast.Name) else tuple(names or [""])


def _calls_within(module: Module, function: str) -> set[ast.AST]:
    bodies = [node for node in module.tree.body if isinstance(node, ast.FunctionDef) and node.name == function]
    return {call for body in bodies for call in ast.walk(body)}


def recorded_verbs(sources: Sources) -> list[str]:
    """The verbs that stand as words in calls of events.record()."""
    return [
        node.args[2].value
        for module in sources.values()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call)
        and _called(node)[-1] == "record"
        and len(node.args) > 2
        and isinstance(node.args[2], ast.Constant)
        and isinstance(node.args[2].value, str)
    ]


def moves(sources: Sources) -> list[Move]:
    return [
        move
        for name, module in sources.items()
        if module.place[0] and module.place[1].rpartition("_")[2] == "flow"
        for move in import_module(name).FLOW
    ]


def without_debts(complaints: list[str]) -> list[str]:
    return [text for text in complaints if tuple(text.split(" -> ")) not in DEBTS]
