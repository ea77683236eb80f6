-- A visit nobody came back to is left by the worker: what was taken for it goes, and a next one can be opened.
CREATE INDEX visit_open_idx ON accounts.visit (opened_at) WHERE state = 'open';
GRANT UPDATE (state) ON accounts.visit TO dancu_worker;
GRANT UPDATE (image) ON accounts.capture TO dancu_worker;
