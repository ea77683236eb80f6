-- accounts.signed_in runs as its caller and writes the sign-in's row: the application keeps this one right.
GRANT INSERT ON accounts.sign_in TO dancu_app;
