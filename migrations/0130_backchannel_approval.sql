-- The page where a citizen answers looks for the request behind each approval; it read every request of the last hour.
CREATE INDEX backchannel_request_approval_idx ON oidc.backchannel_request (approval_id);
