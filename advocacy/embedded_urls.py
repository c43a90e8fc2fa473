"""The pages of the journey that may stand inside another site's page; the rest is never framed.

An instance of `advocacy` of its own: links from page to page stay inside (`{% url %}`, `views.places.here`), and what
is not named here does not exist there.
"""

from django.urls import path

from advocacy import views
from advocacy.views import frames

app_name = "advocacy"
urlpatterns = [
    path("c/<slug:slug>/", frames.campaign, name="campaign"),
    path("c/<slug:slug>/write/", frames.framed(views.choose), name="choose"),
    path("c/<slug:slug>/write/letter/", frames.framed(views.letter), name="letter"),
    path("pending/<str:token>/", frames.framed(views.pending), name="pending"),
    path("pending/<str:token>/again/", frames.framed(views.send_again), name="send_again"),
    path("pending/<str:token>/correct/", frames.framed(views.correct), name="correct"),
]
