-- Where an application says which redirect addresses make up its sector (OpenID Connect Core §8.1, Dynamic Client Registration §5); '' where
-- the sector was named by hand or follows from the addresses themselves.
ALTER TABLE oidc.client ADD COLUMN sector_identifier_uri text NOT NULL DEFAULT '';
