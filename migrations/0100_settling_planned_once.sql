-- As migrations/0066_plans_kept.sql: what ends a try names two buckets at most, yet was planned anew at every sign-in and every code sent,
-- which took three times what running it does.
ALTER FUNCTION kit.throttle_settle(bytea[], bytea[], float8[]) SET plan_cache_mode = force_generic_plan;
