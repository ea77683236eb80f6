-- What is said afterwards is the paper and the words; the procedure stays what was reported.

REVOKE UPDATE (procedure) ON exchange.paper_demand FROM dancu_app;
