-- Messages that did not reach their address, by when that was known: looked for every hour, among millions that did.
CREATE INDEX message_failed_idx ON kit.message (settled_at) WHERE state = 'failed';
