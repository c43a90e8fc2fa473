"""Why we write: campaigns, the people written to, and the letters."""

from advocacy.models.campaigns import Campaign, CampaignText, LetterTemplate, TargetRule
from advocacy.models.expressions import Expression
from advocacy.models.letters import Letter, Report, Submission, Supporter
from advocacy.models.members import Membership, MembershipText
from advocacy.models.pages import Partner, Question, Step, Term, Update
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
from advocacy.models.resources import Resource, ResourceFile, ResourcePack
from advocacy.models.sharing import ShareLink, ShareText

__all__ = [
    "Area",
    "Campaign",
    "CampaignText",
    "ColumnMapping",
    "ContactRoute",
    "Expression",
    "Legislature",
    "Letter",
    "LetterTemplate",
    "Mandate",
    "Membership",
    "MembershipText",
    "Partner",
    "Person",
    "Postcode",
    "Question",
    "Report",
    "RepresentativeImport",
    "Resource",
    "ResourceFile",
    "ResourcePack",
    "ShareLink",
    "ShareText",
    "Step",
    "Submission",
    "Supporter",
    "TargetRule",
    "Term",
    "Update",
]
