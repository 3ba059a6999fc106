"""API routes of the room, under /api/v1/."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from notifications.api import contact_methods, deliveries, providers

app_name = "notifications"
urlpatterns: list[URLPattern | URLResolver] = [
    path("contact-methods/", contact_methods.ContactMethods.as_view(), name="contact_methods"),
    path("contact-methods/subscription/", contact_methods.Subscription.as_view(), name="subscription"),
    path("contact-methods/<int:pk>/", contact_methods.ContactMethod.as_view(), name="contact_method"),
    path("contact-methods/<int:pk>/verify/", contact_methods.VerifyContactMethod.as_view(), name="verify"),
    path("contact-methods/<int:pk>/send-code/", contact_methods.SendCode.as_view(), name="send_code"),
    path("contact-methods/<int:pk>/test/", contact_methods.TestContactMethod.as_view(), name="test"),
    path("deliveries/", deliveries.Deliveries.as_view(), name="deliveries"),
    path("deliveries/<int:pk>/", deliveries.Delivery.as_view(), name="delivery"),
    path("providers/", providers.Providers.as_view(), name="providers"),
    path("providers/<slug:provider>/", providers.Provider.as_view(), name="provider"),
]
