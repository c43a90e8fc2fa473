"""The addresses providers post their events to."""

from django.urls import path

from mailer.webhooks import MailgunEvents, PostmarkEvents

urlpatterns = [
    path("mailgun/tracking/", MailgunEvents.as_view(), name="mailgun_tracking"),
    path("postmark/tracking/", PostmarkEvents.as_view(), name="postmark_tracking"),
]
