"""Reading what clients send: forms, requests, wishes. Everything bounded; what is wrong is said in the RFC's words."""
