"""Tables of the room."""

from integrations.models.heartbeats import Heartbeat
from integrations.models.inbound import InboundEvent
from integrations.models.keys import IntegrationKey
from integrations.models.own import OwnService
from integrations.models.webhooks import OutboundWebhook, WebhookDelivery

__all__ = ["Heartbeat", "InboundEvent", "IntegrationKey", "OutboundWebhook", "OwnService", "WebhookDelivery"]
