-- What a client may ask for besides scopes: the types of `authorization_details` agreed with it (RFC 9396: every other type is refused),
-- and how its ID tokens and logout tokens are signed: RS256 for libraries that know nothing else, never for FAPI 2.0.
ALTER TABLE oidc.client ADD COLUMN detail_types text[] NOT NULL DEFAULT '{}';
ALTER TABLE oidc.client ADD COLUMN id_token_alg text NOT NULL DEFAULT 'ES256';
ALTER TABLE oidc.client ADD CONSTRAINT client_id_token_alg CHECK (id_token_alg IN ('ES256', 'RS256'));
ALTER TABLE oidc.client ADD CONSTRAINT client_fapi2_signs_strongly CHECK (profile <> 'fapi2' OR id_token_alg = 'ES256');
