"""The public pages, in the order in which a supporter meets them."""

from django.urls import path

from advocacy import views

app_name = "advocacy"
urlpatterns = [
    path("", views.campaigns, name="campaigns"),
    path("privacy/", views.privacy, name="privacy"),
]
