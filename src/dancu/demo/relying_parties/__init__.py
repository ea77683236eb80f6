"""Two demonstration services of other organisations, each a process of its own: the province's portal and an electricity
company. They are what a service's own engineers would write: a small web application and an ordinary OpenID Connect client
library. They read none of Dancu's data or keys; what they know of it stands in the file their registration gave them."""
