"""The addresses of the staff desk: loaded when the first of them is asked for."""

from django.contrib import admin

admin.autodiscover()

urlpatterns = admin.site.urls[0]
