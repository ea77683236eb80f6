-- Why an officer ended a lock: the page asks for it, so it is kept and printed like the reason of the lock itself.
ALTER TABLE accounts.lock ADD COLUMN lifted_reason text NOT NULL DEFAULT '';
GRANT UPDATE (lifted_reason) ON accounts.lock TO dancu_app;
