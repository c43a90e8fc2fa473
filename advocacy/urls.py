"""The public pages, in the order in which a supporter meets them."""

from django.urls import path, re_path

from advocacy import views

app_name = "advocacy"
urlpatterns = [
    path("", views.campaigns, name="campaigns"),
    path("c/<slug:slug>/", views.campaign, name="campaign"),
    path("c/<slug:slug>/with/<slug:short_name>/", views.member, name="member"),
    path("c/<slug:slug>/news/", views.news_list, name="news"),
    path("c/<slug:slug>/news/feed/", views.news_feed, name="news_feed"),
    path("c/<slug:slug>/news/<int:pk>/", views.update, name="update"),
    path("c/<slug:slug>/write/", views.choose, name="choose"),
    path("c/<slug:slug>/write/letter/", views.letter, name="letter"),
    path("c/<slug:slug>/resources/", views.resources, name="resources"),
    path("c/<slug:slug>/resources/<int:pk>/<slug:form>/", views.resource_file, name="resource_file"),
    path("c/<slug:slug>/resources/pack/<slug:language>/", views.resource_pack, name="resource_pack"),
    path("c/<slug:slug>/share/", views.share, name="share"),
    path("c/<slug:slug>/share/mastodon/", views.mastodon, name="mastodon"),
    re_path(r"^c/(?P<slug>[-a-zA-Z0-9_]+)/share/qr\.(?P<kind>svg|png)\Z", views.share_qr, name="share_qr"),
    path("pending/<str:token>/", views.pending, name="pending"),
    path("pending/<str:token>/again/", views.send_again, name="send_again"),
    path("pending/<str:token>/correct/", views.correct, name="correct"),
    path("confirm/<str:token>/", views.confirm, name="confirm"),
    path("letters/<str:token>/", views.status, name="status"),
    path("letters/<str:token>/<int:letter_id>/", views.act, name="act"),
    path("not-me/<str:token>/", views.not_me, name="not_me"),
    path("report/<str:token>/<int:letter_id>/", views.report, name="report"),
    path("privacy/", views.privacy, name="privacy"),
]
