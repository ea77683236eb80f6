-- The planner adds up how often each term may occur and, for a lenient reading with hundreds of terms of which hardly any
-- exists, prefers to read the whole table: a minute at ten million people where the index answers in 50 ms.
SET LOCAL ROLE dancu_gate;
ALTER FUNCTION population.search(text, bigint, text, bytea, text, text, text, text, text, jsonb, text, text, text, integer,
    integer, integer, integer[], integer) SET enable_seqscan = off;
