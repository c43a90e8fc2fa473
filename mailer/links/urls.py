"""Counted links and the pixel: short, and without a language, since they show no page."""

from django.urls import path, re_path

from mailer.links import views

app_name = "links"
urlpatterns = [
    re_path(r"^c/(?P<number>[0-9]{1,9})/(?P<token>[^/]+)/?\Z", views.click, name="click"),
    path("o/<str:token>.gif", views.pixel, name="pixel"),
]
