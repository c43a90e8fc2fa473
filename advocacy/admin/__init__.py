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
from advocacy.list_rights import OF_A_CAMPAIGN, OF_A_TEXT
from advocacy.models import MembershipText, Report, ResourceFile
from mailer.models import Delivery

for _model in OF_A_CAMPAIGN:
    belongs_through(_model, "campaign__organisation")
for _part in OF_A_TEXT:
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
