"""SQL of the quality room. Rows of persons or cases the database has not opened stay invisible."""
