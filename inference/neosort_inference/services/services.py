"""All of them together, as routes and pages are handed them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from neosort_inference.access.audit import AuditTrail
from neosort_inference.access.serving import Serving
from neosort_inference.api.feed import ViewFeed
from neosort_inference.asking.channel import Loop
from neosort_inference.asking.orders import Exchanged
from neosort_inference.services.bundles import Bundles
from neosort_inference.services.calibrations import Calibrations
from neosort_inference.services.events import Events
from neosort_inference.services.following import Follow, Following
from neosort_inference.services.jobs import Jobs
from neosort_inference.services.lots import Lots
from neosort_inference.services.passports import Passports
from neosort_inference.services.procedures import Procedures
from neosort_inference.services.recipes import Recipes
from neosort_inference.services.review import Review


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What people keep and change at one line."""

    serving: Serving
    jobs: Jobs
    recipes: Recipes
    bundles: Bundles
    procedures: Procedures
    calibrations: Calibrations
    events: Events
    review: Review
    lots: Lots
    passports: Passports

    @classmethod
    def of(cls, serving: Serving, feed: ViewFeed, loop: Loop) -> Self:
        """Over what lies in the state folder; nothing is made before it is needed."""
        state, jobs, events = serving.state, Jobs(), Events()
        review = Review(state.review, serving.config.name)
        feed.listen(events.see)
        feed.listen(review.see)
        recipes, bundles = Recipes(state.recipes, loop), Bundles(state.bundles, serving.config, loop, jobs)
        calibrations = Calibrations(state.calibrations, serving.config, loop)
        follow: dict[Exchanged, Follow] = {
            "recipe": recipes.follow, "bundle": bundles.follow, "calibration": calibrations.follow,
        }  # fmt: skip
        feed.listen(Following(follow, AuditTrail(state.trail)).see)
        return cls(
            serving=serving,
            jobs=jobs,
            recipes=recipes,
            bundles=bundles,
            procedures=Procedures(loop),
            calibrations=calibrations,
            events=events,
            review=review,
            lots=Lots(serving),
            passports=Passports(serving, jobs),
        )
