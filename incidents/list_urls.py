"""Routes beside the list of incidents."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from incidents.views import listing, listing_bulk, listing_views

urlpatterns: list[URLPattern | URLResolver] = [
    path("incidents/", listing.incidents, name="incidents"),
    path("incidents/new/", listing.declare, name="declare"),
    path("incidents/several/", listing_bulk.several, name="several"),
    path("incidents/export/", listing_views.export, name="export"),
    path("incidents/views/new/", listing_views.new_view, name="new_view"),
    path("incidents/views/<int:pk>/", listing_views.view, name="view"),
    path("incidents/views/<int:pk>/delete/", listing_views.delete_view, name="delete_view"),
]
