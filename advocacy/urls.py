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
    path("c/<slug:slug>/resources/<int:pk>/", views.resource_thumbnail, name="resource_thumbnail"),
    path("c/<slug:slug>/resources/pack/<slug:language>/", views.resource_pack, name="resource_pack"),
    path("c/<slug:slug>/share/", views.share, name="share"),
    path("c/<slug:slug>/share/mastodon/", views.mastodon, name="mastodon"),
    re_path(r"^c/(?P<slug>[-a-zA-Z0-9_]+)/share/qr\.(?P<kind>svg|png)\Z", views.share_qr, name="share_qr"),
    path("c/<slug:slug>/support/", views.wall.wall, name="support"),
    path("c/<slug:slug>/support/feed/", views.wall.newest, name="support_feed"),
    path("c/<slug:slug>/support/new/", views.expressions.new, name="support_new"),
    path("c/<slug:slug>/support/link/", views.expressions.lost_link, name="support_link"),
    path("c/<slug:slug>/support/<int:pk>/", views.wall.one, name="expression"),
    path("c/<slug:slug>/support/<int:pk>/picture/", views.wall.picture, name="expression_picture"),
    path("c/<slug:slug>/support/<int:pk>/report/", views.wall.report, name="expression_report"),
    path("support/pending/<str:token>/", views.expressions.pending, name="expression_pending"),
    path("support/pending/<str:token>/again/", views.expressions.send_again, name="expression_again"),
    path("support/pending/<str:token>/correct/", views.expressions.correct, name="expression_correct"),
    path("support/confirm/<str:token>/", views.expressions.confirm, name="expression_confirm"),
    path("support/not-me/<str:token>/", views.expressions.not_me, name="expression_not_me"),
    path("support/mine/<str:token>/", views.own_expression.own, name="expression_own"),
    path("support/mine/<str:token>/change/", views.own_expression.change, name="expression_change"),
    path("support/mine/<str:token>/picture/", views.own_expression.picture, name="expression_own_picture"),
    path(
        "support/mine/<str:token>/picture/remove/",
        views.own_expression.remove_picture,
        name="expression_remove_picture",
    ),
    path("support/mine/<str:token>/take-down/", views.own_expression.take_down, name="expression_take_down"),
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
