"""What people carry and what is on file of them: text of the card's QR code and machine-readable zone, reference portraits
and fingerprint templates (encrypted, under a role of their own), orders of new cards."""
