"""Every address of the service, by app. Public pages carry their language in the path: no cookie needed."""

from django.conf.urls.i18n import i18n_patterns
from django.urls import URLResolver, include, path, re_path
from django.urls.resolvers import RoutePattern

from advocacy.views.frames import in_the_readers_language
from advocacy.views.short import short
from config import health, pages
from mailer.picture_views import picture


class _Desk(URLResolver):
    """The desk, not loaded before one of its addresses is asked for: a worker that makes links has no use for it."""

    def _populate(self) -> None:
        # Called for the links of others as well; those of the desk are looked up through `url_patterns`.
        pass


handler403 = "config.pages.forbidden"
handler404 = "config.pages.not_found"

urlpatterns = [
    path("health/live", health.live, name="live"),
    path("health/ready", health.ready, name="ready"),
    path("robots.txt", pages.robots, name="robots"),
    path("favicon.ico", pages.favicon, name="favicon"),
    re_path(r"^accent/(?P<colour>[0-9a-f]{6})\.css$", pages.accent, name="accent"),
    re_path(r"^pictures/(?P<name>[0-9a-f]{64}\.(?:png|jpg))$", picture, name="picture"),
    path("webhooks/", include("mailer.webhook_urls")),
    path("embed.js", pages.embed_script, name="embed_script"),
    path("embed/c/<slug:slug>/", in_the_readers_language, name="embedded"),
    path("", include("mailer.links.urls")),
    re_path(r"^j/(?P<code>[^/]{1,80})/?\Z", short, name="short"),
    path("staff/", include("accounts.urls")),
    _Desk(RoutePattern("staff/"), "config.desk_urls", app_name="admin", namespace="admin"),
    *i18n_patterns(
        path("", include("mailer.urls")),
        path("embed/", include("advocacy.embedded_urls", namespace="advocacy-embedded")),
        path("", include("advocacy.urls")),
    ),
]
