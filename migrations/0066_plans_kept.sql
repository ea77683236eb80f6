-- Statements of the hot path that were planned anew at every call: what goes in and out of them is a handful of keys, so the plan that
-- fits any of them fits all, and planning took longer than running.

SET LOCAL ROLE dancu_gate;

ALTER FUNCTION population.keys_of(text[]) SET plan_cache_mode = force_generic_plan;
ALTER FUNCTION oidc.release_many(
    integer[], bytea[], integer[], bigint[], bytea[], bigint[], text[], text[], jsonb[], jsonb, jsonb
) SET plan_cache_mode = force_generic_plan;
