-- Who locks an account without signing in proves nothing before the code is sent: such a code is one of its own, so that a stranger who asks
-- for it neither ends the code of somebody's recovery at a counter nor uses up the messages that sign its holder in.

ALTER TABLE accounts.code DROP CONSTRAINT code_use_check;
ALTER TABLE accounts.code ADD CONSTRAINT code_use_check CHECK (use IN ('activate', 'sign_in', 'phone', 'email', 'recover', 'lock'));
