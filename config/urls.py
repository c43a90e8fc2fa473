"""Every address of the service, by app. Public pages carry their language in the path: no cookie needed."""

from django.conf.urls.i18n import i18n_patterns
from django.contrib import admin
from django.urls import include, path, re_path

from config import health, pages
from mailer.picture_views import picture

urlpatterns = [
    path("health/live", health.live, name="live"),
    path("health/ready", health.ready, name="ready"),
    path("robots.txt", pages.robots, name="robots"),
    path("favicon.ico", pages.favicon, name="favicon"),
    re_path(r"^accent/(?P<colour>[0-9a-f]{6})\.css$", pages.accent, name="accent"),
    re_path(r"^pictures/(?P<name>[0-9a-f]{64}\.(?:png|jpg))$", picture, name="picture"),
    path("webhooks/", include("mailer.webhook_urls")),
    path("", include("mailer.links.urls")),
    path("staff/", admin.site.urls),
    *i18n_patterns(path("", include("mailer.urls")), path("", include("advocacy.urls"))),
]
