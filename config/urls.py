"""Every address of the service, by app. Public pages carry their language in the path: no cookie needed."""

from django.conf.urls.i18n import i18n_patterns
from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("webhooks/", include("mailer.webhook_urls")),
    path("staff/", admin.site.urls),
    *i18n_patterns(path("", include("advocacy.urls"))),
]
