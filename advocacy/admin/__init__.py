"""The staff desk of advocacy, by subject. Importing this package fills the desk."""

from accounts.permissions import belongs_through
from advocacy.admin import (
    campaigns,
    expressions,
    home,
    imports,
    letters,
    members,
    postcodes,
    reports,
    representatives,
    resources,
    routes,
    searching,
    sharing,
    templates,
    written,
)
from advocacy.models import (
    CampaignText,
    Expression,
    Letter,
    LetterTemplate,
    Membership,
    MembershipText,
    Partner,
    Question,
    Report,
    Resource,
    ResourceFile,
    ResourcePack,
    ShareLink,
    ShareText,
    Step,
    Submission,
    TargetRule,
    Term,
    Update,
)
from mailer.models import Delivery

_OF_A_CAMPAIGN = (
    *(CampaignText, LetterTemplate, TargetRule, Submission, Letter, Update, Partner),
    *(ShareText, ShareLink, Expression, Resource, ResourcePack, Membership),
)
for _model in _OF_A_CAMPAIGN:
    belongs_through(_model, "campaign__organisation")
for _part in (Step, Question, Term):
    belongs_through(_part, "text__campaign__organisation")
belongs_through(MembershipText, "membership__campaign__organisation")
belongs_through(ResourceFile, "resource__campaign__organisation")
belongs_through(Report, "letter__campaign__organisation")
belongs_through(Delivery, "letter__campaign__organisation")

__all__ = [
    "campaigns",
    "expressions",
    "home",
    "imports",
    "letters",
    "members",
    "postcodes",
    "reports",
    "representatives",
    "resources",
    "routes",
    "searching",
    "sharing",
    "templates",
    "written",
]
