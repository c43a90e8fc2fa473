"""The addresses providers post their events to."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
