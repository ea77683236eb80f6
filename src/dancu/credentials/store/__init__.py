"""SQL of integrated documents."""
