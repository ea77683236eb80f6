"""News of cards. Payloads hold keys and kinds only."""

# A card that was ordered came from the factory and waits to be handed over: {"order": number, "office": where, "" where unknown}.
CARD_PRODUCED = "cards.order.produced"
