"""Electronic identity accounts of level 1 and 2: applying, being checked, activating, signing in, being locked, getting
back in. An account belongs to one person of the registry; officers never see or set a secret of it."""
