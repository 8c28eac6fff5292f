"""The fleet: lines tell a plant's MQTT broker how they stand, what alarms them, and which lots they have closed."""
