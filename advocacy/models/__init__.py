"""Why we write: campaigns, the people written to, and the letters."""

from advocacy.models.campaigns import Campaign, CampaignText, LetterTemplate, TargetRule
from advocacy.models.letters import Letter, Report, Submission, Supporter
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
    "Report",
    "RepresentativeImport",
    "Submission",
    "Supporter",
    "TargetRule",
]
