"""The addresses of the staff desk: loaded when the first of them is asked for."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.http import require_safe

from config import interface as interface
from contacts import completeness

admin.autodiscover()


@require_safe
def languages(request: HttpRequest) -> HttpResponse:
    """What is written in which language."""
    return completeness.page(request, admin.site.each_context(request))


urlpatterns = [path("languages/", admin.site.admin_view(languages), name="languages"), *admin.site.urls[0]]
