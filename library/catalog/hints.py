"""The words of the editor: what it asks for in each field, and what it calls states, answers and readers."""

from __future__ import annotations

from collections.abc import Mapping

from ..labels import N_

# Field -> the kind of label that its codes have.
WORDS: Mapping[str, str] = {
    "sectors": "sector",
    "technologies": "technology",
    "novelty": "novelty",
    "status": "status",
    "networks": "network",
    "migration.from": "network",
    "place.country": "country",
    "place.provinces": "province",
    "parties.role": "role",
    "connections.kind": "count_kind",
    "connections.scope": "scope",
    "connections.bound": "bound",
    "sections.kind": "section",
    "attachments.audience": "audience",
    "attachments.kind": "file_kind",
    "data_level": "data_level",
    "unit_cost_band": "cost_band",
}

HINTS: Mapping[str, str] = {
    "title": N_("What was built, and where. No slogans."),
    "summary": N_("What it does, for whom, and what changed. Lists show it."),
    "sectors": N_("The leading sector comes first; up to five more may follow."),
    "technologies": N_("Those of the national notice that the case really uses."),
    "novelty": N_("Tick what did not exist before; more than one is possible."),
    "as_of": N_("YYYY, YYYY-MM or YYYY-MM-DD, as exactly as it is known."),
    "place.text": N_("City, county or region. Never the exact place of a meter, camera, gas or power node."),
    "place.provinces": N_("For places in China; more than one is possible."),
    "parties": N_("Everybody who took part, your own organisation first."),
    "network_text": N_("Where the list does not say it well, such as the share of each network."),
    "standards": N_("Number and year, such as YD/T 3331-2018."),
    "migration": N_("If the case moved devices away from 2G or 3G."),
    "connections": N_("One entry a figure. A count means nothing without its kind, its date and its source."),
    "connections.value": N_("A whole number; spaces and commas do no harm."),
    "connections.kind": N_("Only connections that are online can be verified later."),
    "connections.due": N_("For planned or contracted connections: by when."),
    "connections.scope": N_("Totals of an operator or a city are context and enter no sum."),
    "connections.what": N_("What is connected, such as “water meters”."),
    "connections.source": N_("Leave it open where your organisation itself says so."),
    "sections": N_("Lists, emphasis and paragraphs may be written in Markdown. Links are not shown."),
    "sections.background": N_("What was the problem, and whose was it?"),
    "sections.solution": N_("Devices, network and platform, and how they work together."),
    "sections.results": N_("Dated figures before and after tell more than adjectives."),
    "sections.plans": N_("What comes next, and when. Plans are shown as plans."),
    "outcomes": N_("One fact a line, each with where it is shown."),
    "benefits": N_("Who gains what: money, time, safety, energy."),
    "replicability.preconditions": N_("What must be there before others can do the same."),
    "replicability.pitfalls": N_("What went wrong, and what you would do differently."),
    "replicability.cost_per_connection": N_("Over the whole life: device, network, platform, work."),
    "timeline": N_("What happened and what is planned, by date."),
    "sources": N_("Where the figures come from. Figures cite a source by its number here."),
    "sources.lang": N_("Two letters, such as zh or en."),
    "sources.link": N_("Tick it if the address is the publisher’s own."),
    "unit_cost_band": N_("What one communication module costs."),
    "security": N_("How devices, network and data are protected. Name no open weakness."),
    "data_level": N_("Important and core data must not be described in a case."),
    "right_to_publish": N_(
        "We hold the rights in these texts, figures and files, and the library may publish them."
    ),
    "masks": N_(
        "Every name that tells who you are: organisation, people, places, products, domains."
        " Blind calls hide them from experts."
    ),
    "contact": N_("Whom the ministry may ask. It is never public."),
}

LABELS: Mapping[str, Mapping[str, str]] = {
    "hint": HINTS,
    # One of what a list repeats.
    "item": {
        "parties": N_("Organisation"),
        "connections": N_("Figure"),
        "outcomes": N_("Fact"),
        "timeline": N_("Step of the timeline"),
        "sources": N_("Source"),
        "standards": N_("Standard"),
        "masks": N_("Name"),
        "attachments": N_("File"),
    },
    "answer": {"yes": N_("yes"), "no": N_("no")},
    "case_state": {
        "draft": N_("Draft"),
        "submitted": N_("Handed in"),
        "returned": N_("Returned"),
        "admitted": N_("In the library"),
        "declined": N_("Declined"),
        "withdrawn": N_("Withdrawn"),
        "archived": N_("Archived"),
    },
    "reader": {
        "public": N_("as everybody"),
        "investor": N_("as an investor"),
        "expert": N_("as an expert"),
        "officer": N_("as an officer"),
    },
}
