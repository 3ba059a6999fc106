"""Messages to people: addresses, carriers, deliveries with every attempt."""
