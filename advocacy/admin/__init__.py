"""The staff desk of advocacy, by subject. Importing this package fills the desk."""

from accounts.permissions import belongs_through
from advocacy.admin import campaigns, imports, letters, postcodes, reports, representatives, routes, templates
from advocacy.models import CampaignText, Letter, LetterTemplate, Report, Submission, TargetRule
from mailer.models import Delivery

for _model in (CampaignText, LetterTemplate, TargetRule, Submission, Letter):
    belongs_through(_model, "campaign__organisation")
belongs_through(Report, "letter__campaign__organisation")
belongs_through(Delivery, "letter__campaign__organisation")

__all__ = [
    "campaigns",
    "imports",
    "letters",
    "postcodes",
    "reports",
    "representatives",
    "routes",
    "templates",
]
