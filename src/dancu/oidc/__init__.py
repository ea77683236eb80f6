"""The OpenID provider: one account for every service. One file per endpoint; FAPI 2.0 for government clients, plain
OpenID Connect for legacy ones."""
