-- What subscribers and callers in an outside dialect hear: their subscriptions are delivered like every other, and answers by
-- callback wait in a queue of their own until they are taken.

-- `dialect`: in whose words the news is told, '' in ours. `about`: only the relation with this reference, '' all of them.
-- `matching`: what the news must hold. No program stands behind a name that a demonstration took at its word on this machine.
ALTER TABLE exchange.subscription
    ALTER COLUMN client_no DROP NOT NULL,
    ADD COLUMN dialect text NOT NULL DEFAULT '' CHECK (dialect IN ('', 'spdci')),
    ADD COLUMN about text NOT NULL DEFAULT '',
    ADD COLUMN matching jsonb NOT NULL DEFAULT '{}',
    ADD CONSTRAINT subscription_has_a_program CHECK (client_no IS NOT NULL OR dialect <> '');

-- Until now kept only, never delivered: whoever still wants them says so again.
UPDATE exchange.dialect_subscription SET ended_at = now() WHERE ended_at IS NULL;
ALTER TABLE exchange.dialect_subscription ADD COLUMN transaction_id text NOT NULL DEFAULT '';

-- Answers on their way to the sender's address. `sealed`: the answer, encrypted with a key of this installation, only until it
-- is taken or given up: a dead letter says that, not what.
CREATE TABLE exchange.dialect_callback (
    callback_no bigint GENERATED ALWAYS AS IDENTITY,
    sender text NOT NULL,
    message_id text NOT NULL,
    action text NOT NULL,
    url text NOT NULL,
    sealed bytea,
    tries integer NOT NULL DEFAULT 0,
    due_at timestamptz NOT NULL DEFAULT now(),
    made_at timestamptz NOT NULL DEFAULT now(),
    delivered_at timestamptz,
    dead_at timestamptz,
    error text NOT NULL DEFAULT '',
    CONSTRAINT dialect_callback_pkey PRIMARY KEY (callback_no),
    CONSTRAINT dialect_callback_settled_once CHECK (delivered_at IS NULL OR dead_at IS NULL),
    CONSTRAINT dialect_callback_sealed_while_waiting CHECK ((sealed IS NULL) = (delivered_at IS NOT NULL OR dead_at IS NOT NULL))
);
CREATE INDEX dialect_callback_due_idx ON exchange.dialect_callback (due_at) WHERE sealed IS NOT NULL;
GRANT SELECT, INSERT, UPDATE ON exchange.dialect_callback TO dancu_app;
GRANT SELECT, UPDATE ON exchange.dialect_callback TO dancu_worker;
GRANT SELECT ON exchange.dialect_callback TO dancu_verify;

GRANT EXECUTE ON FUNCTION access.is_demo() TO dancu_gate;
GRANT CREATE ON SCHEMA exchange TO dancu_gate;
SET LOCAL ROLE dancu_gate;

-- As before; and a subscription in an outside dialect hangs on the agreement for that, not on the one for events.
CREATE OR REPLACE FUNCTION exchange.next_events(subscription uuid, after bigint, most integer)
RETURNS TABLE (seq bigint, topic text, ref text, payload jsonb, at timestamptz)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE s exchange.subscription; upto bigint;
BEGIN
    SELECT x.* INTO s FROM exchange.subscription x WHERE x.subscription_id = subscription AND x.state = 'active' FOR UPDATE;
    IF NOT FOUND THEN RETURN; END IF;
    IF s.client_no IS NULL THEN
        IF NOT access.is_demo() THEN RETURN; END IF;
    ELSIF NOT EXISTS (
        SELECT 1 FROM sharing.data_agreement a JOIN exchange.partner p USING (org_code)
         WHERE a.org_code = s.org_code AND a.service = CASE s.dialect WHEN '' THEN 'events' ELSE 'registry' END
           AND a.state = 'in_force' AND access.today() <@ a.valid
           AND a.purposes ->> s.purpose = s.legal_basis AND p.state = 'live') THEN
        RETURN;
    END IF;
    SELECT max(w.seq) INTO upto FROM (SELECT e.seq FROM kit.event e WHERE e.seq > after ORDER BY e.seq LIMIT 5000) w;
    IF upto IS NULL THEN RETURN; END IF;
    RETURN QUERY
        WITH found AS MATERIALIZED (
            SELECT e.seq, e.topic, r.ref, e.payload, e.at, e.person_key
              FROM kit.event e JOIN exchange.relation r ON r.person_key = e.person_key AND r.org_code = s.org_code
             WHERE e.seq > after AND e.seq <= upto AND e.topic = ANY (s.topics) AND e.at >= r.since
               AND (s.about = '' OR r.ref = s.about) AND e.payload @> s.matching
               AND (NOT e.payload ? 'groups' OR e.payload -> 'groups' ?| s.groups)
               AND (e.topic <> 'population.person.kin_changed' OR e.payload ->> 'relation' = 'child')
             ORDER BY e.seq LIMIT least(most, 500)
        ), noted AS (
            SELECT audit.record(array_agg(ROW('read', CASE WHEN s.client_no IS NULL THEN 'system' ELSE 'client' END,
                coalesce(s.client_no, 0), s.org_code, s.purpose, s.legal_basis, NULL,
                f.person_key, ARRAY[exchange.field_of(f.topic)], 'event-' || f.seq, 'job', NULL,
                jsonb_build_object('verb', 'event', 'kind', f.topic))::audit.entry_in ORDER BY f.seq)) AS ids
              FROM found f WHERE f.seq > s.noted_to HAVING count(*) > 0
        ), moved AS (
            UPDATE exchange.subscription x SET noted_to = greatest(x.noted_to, (SELECT max(f.seq) FROM found f))
             WHERE x.subscription_id = s.subscription_id AND EXISTS (SELECT 1 FROM noted) RETURNING 1
        )
        (SELECT f.seq, f.topic, f.ref, f.payload, f.at FROM found f ORDER BY f.seq)
        UNION ALL
        SELECT CASE WHEN (SELECT count(*) FROM found) >= least(most, 500) THEN (SELECT max(f.seq) FROM found f) ELSE upto END,
               '', '', '{}'::jsonb, now();
END $$;

RESET ROLE;
SET LOCAL ROLE dancu_owner;
REVOKE CREATE ON SCHEMA exchange FROM dancu_gate;
