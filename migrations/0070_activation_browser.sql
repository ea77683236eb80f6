-- Which browser used a code of activation (a keyed digest): there a second press of the button, or the way back, is answered as the first was.

ALTER TABLE accounts.code ADD COLUMN used_by bytea;
GRANT UPDATE (used_by) ON accounts.code TO dancu_app;
