"""Connectors to the ministries' own databases: what each is called, how it is asked and how its answer is read stand in
`definitions/*.yaml`; where it lives and with which key it is asked, in the deployment's configuration. One slow ministry slows
nobody but those who ask it."""
