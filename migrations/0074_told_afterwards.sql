-- "They still asked me for a paper" is one tap; what more there is to say is said afterwards, on the same report and its case.

GRANT UPDATE (procedure, paper, said) ON exchange.paper_demand TO dancu_app;
GRANT UPDATE (statement) ON quality.case TO dancu_worker;
