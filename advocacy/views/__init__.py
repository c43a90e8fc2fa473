"""The public pages, by step of the journey. Each view finds, calls one function of the domain, and answers."""

from advocacy.views import expressions, own_expression, wall
from advocacy.views.campaigns import campaign, campaigns, privacy
from advocacy.views.mailed import confirm, correct, not_me, pending, report, send_again
from advocacy.views.members import member
from advocacy.views.news import news_feed, news_list, update
from advocacy.views.resources import resource_file, resource_pack, resource_thumbnail, resources
from advocacy.views.sharing import mastodon, share, share_qr
from advocacy.views.status import act, status
from advocacy.views.writing import choose, letter

__all__ = [
    "act",
    "campaign",
    "campaigns",
    "choose",
    "confirm",
    "correct",
    "expressions",
    "letter",
    "mastodon",
    "member",
    "news_feed",
    "news_list",
    "not_me",
    "own_expression",
    "pending",
    "privacy",
    "report",
    "resource_file",
    "resource_pack",
    "resource_thumbnail",
    "resources",
    "send_again",
    "share",
    "share_qr",
    "status",
    "update",
    "wall",
]
