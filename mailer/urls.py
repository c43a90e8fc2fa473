"""The public pages of lists and preferences."""

from django.urls import path, re_path

from mailer.archive import views as archive
from mailer.preferences import leaving
from mailer.preferences import views as preferences
from mailer.signup import views as signup

app_name = "mailer"
urlpatterns = [
    path("lists/<slug:slug>/", signup.sign_up, name="sign_up"),
    path("lists/<slug:slug>/next/", signup.signed_up, name="signed_up"),
    path("subscribe/<str:token>/", signup.confirm, name="confirm"),
    path("subscribe/<str:token>/not-me/", signup.not_me, name="not_me"),
    path("preferences/", preferences.forgotten, name="forgotten"),
    path("preferences/mailed/", preferences.mailed, name="link_mailed"),
    path("preferences/<str:token>/", preferences.preferences, name="preferences"),
    path("preferences/<str:token>/data/", preferences.data, name="data"),
    path("preferences/<str:token>/erase/", preferences.erase, name="erase"),
    # Also without the last stroke: what a program posts must meet no redirect (RFC 8058 §3.1).
    re_path(r"^u/(?P<token>[^/]+)/?\Z", leaving.unsubscribe, name="unsubscribe"),
    path("view/<str:token>/", archive.view, name="view"),
    path("archive/", archive.index, name="archive"),
    path("archive/<slug:slug>/", archive.of_list, name="archive_list"),
    path("archive/<slug:slug>/feed.xml", archive.list_feed, name="archive_feed"),
    path("archive/<slug:list_slug>/<slug:slug>/", archive.archived, name="archived"),
]
