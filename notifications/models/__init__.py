"""Tables of the room."""

from notifications.models.contact_methods import ContactMethod, ProviderConfig, Verification
from notifications.models.deliveries import Delivery, DeliveryAttempt

__all__ = ["ContactMethod", "Delivery", "DeliveryAttempt", "ProviderConfig", "Verification"]
