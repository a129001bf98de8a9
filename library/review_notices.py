"""Who hears what of reviews. A letter to an expert of a blind call names the entry by its alias and hides what is
masked; nobody is written a score."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from . import hearing
from .accounts.letters import Recipient
from .accounts.models import Person
from .accounts.queries import belongs
from .config import Config
from .hearing import News, people
from .labels import N_
from .selection import masks
from .selection.expert_models import Review
from .selection.masking import Masks
from .selection.review_schemas import is_blind


def _officers(session: Session, config: Config, news: News) -> list[Recipient]:
    """All but those who belong to the applicant."""
    applicant = session.get_one(Review, news.number).applicant_id
    heard = hearing.officers(session, config, news)
    return [one for one in heard if one.person is None or not belongs(session, one.person, applicant)]


def _expert(session: Session, config: Config, news: News) -> list[Recipient]:
    return people(session, Person.id == session.get_one(Review, news.number).person_id)


def _for_officers(session: Session, news: News) -> Mapping[str, Any]:
    review = session.get_one(Review, news.number)
    said = str(news.detail.get("reason", ""))
    return {"review": review, "call": review.entry.call, "expert": review.person.name, "reason": said}


def _for_expert(session: Session, news: News) -> Mapping[str, Any]:
    review = session.get_one(Review, news.number)
    said = str(news.detail.get("reason", ""))
    if is_blind(review.entry.call):
        said = Masks(masks.declared(review.entry)).hide(said)
    return {"review": review, "call": review.entry.call, "reason": said}


NOTICES: Mapping[str, hearing.Notice] = {
    "review.recuse": hearing.Notice(_officers, _for_officers),
    "review.abstain": hearing.Notice(_officers, _for_officers, N_("An expert abstained")),
    "review.finish": hearing.Notice(_expert, _for_expert, N_("A score sheet of mine is final")),
    "review.reopen": hearing.Notice(_expert, _for_expert),
}
