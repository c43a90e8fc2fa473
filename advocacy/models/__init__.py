"""Why we write: campaigns, the people written to, and the letters."""

from advocacy.models.campaigns import Campaign, CampaignText, LetterTemplate, TargetRule
from advocacy.models.letters import Letter, Submission, Supporter
from advocacy.models.representatives import (
    Area,
    ColumnMapping,
    ContactRoute,
    Legislature,
    Mandate,
    Person,
    Postcode,
    RepresentativeImport,
)

__all__ = [
    "Area",
    "Campaign",
    "CampaignText",
    "ColumnMapping",
    "ContactRoute",
    "Legislature",
    "Letter",
    "LetterTemplate",
    "Mandate",
    "Person",
    "Postcode",
    "RepresentativeImport",
    "Submission",
    "Supporter",
    "TargetRule",
]
