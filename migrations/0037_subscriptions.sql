-- Subscriptions: partners hear what happens to persons they have a relation to. The log of events (kit.event) is the only
-- queue: a subscription is a place in it, so a subscriber that is away costs nothing and loses nothing.

-- `topics`: which of the registry's events, `groups`: for corrections and changes, of which data groups; both follow from the
-- kinds asked for. `place`: the last event delivered (push) or fetched (pull). `noted_to`: up to which event the evidence
-- entries are written; a repeated delivery is not a second look.
CREATE TABLE exchange.subscription (
    subscription_id uuid NOT NULL,
    org_code text NOT NULL,
    client_no bigint NOT NULL,
    kinds text[] NOT NULL CHECK (cardinality(kinds) > 0),
    topics text[] NOT NULL CHECK (cardinality(topics) > 0),
    groups text[] NOT NULL DEFAULT '{}',
    purpose text NOT NULL,
    legal_basis text NOT NULL,
    mode text NOT NULL CHECK (mode IN ('push', 'pull')),
    url text NOT NULL DEFAULT '',
    batch integer NOT NULL DEFAULT 100 CHECK (batch BETWEEN 1 AND 500),
    state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'paused', 'ended')),
    place bigint NOT NULL,
    noted_to bigint NOT NULL,
    tries integer NOT NULL DEFAULT 0,
    due_at timestamptz NOT NULL DEFAULT now(),
    failing_since timestamptz,
    delivered_at timestamptz,
    delivered bigint NOT NULL DEFAULT 0,
    error text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT subscription_pkey PRIMARY KEY (subscription_id),
    CONSTRAINT subscription_system_fkey FOREIGN KEY (client_no) REFERENCES exchange.system (client_no),
    CONSTRAINT subscription_push_has_an_address CHECK ((mode = 'push') = (url <> ''))
);
CREATE INDEX subscription_org_idx ON exchange.subscription (org_code);

-- Events a subscriber refused for good, each settled by its staff: sent again or let go.
CREATE TABLE exchange.dead_letter (
    subscription_id uuid NOT NULL,
    seq bigint NOT NULL,
    error text NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    settled_at timestamptz,
    settled_how text CHECK (settled_how IN ('delivered', 'let_go')),
    CONSTRAINT dead_letter_pkey PRIMARY KEY (subscription_id, seq),
    CONSTRAINT dead_letter_subscription_fkey FOREIGN KEY (subscription_id) REFERENCES exchange.subscription (subscription_id),
    CONSTRAINT dead_letter_settled_says_how CHECK ((settled_at IS NULL) = (settled_how IS NULL))
);

-- Whom a partner has a relation to: its insured, its customer, its pupil. `ref` is the partner's own reference, and the only
-- word by which an event names the person to it: nothing of the registry goes out with it.
CREATE TABLE exchange.relation (
    person_key bigint NOT NULL,
    org_code text NOT NULL,
    ref text NOT NULL CHECK (length(ref) BETWEEN 1 AND 80),
    since timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT relation_pkey PRIMARY KEY (person_key, org_code)
);
CREATE INDEX relation_org_idx ON exchange.relation (org_code, person_key);
ALTER TABLE exchange.relation ENABLE ROW LEVEL SECURITY;
ALTER TABLE exchange.relation FORCE ROW LEVEL SECURITY;
CREATE POLICY gate ON exchange.relation TO dancu_gate USING (true);
CREATE POLICY verify ON exchange.relation FOR SELECT TO dancu_verify USING (true);
CREATE POLICY opened ON exchange.relation TO dancu_app USING (person_key = ANY (population.subjects()));

GRANT SELECT, INSERT, UPDATE ON exchange.subscription, exchange.dead_letter TO dancu_app, dancu_worker;
GRANT SELECT ON exchange.subscription, exchange.dead_letter TO dancu_verify;
GRANT SELECT, UPDATE ON exchange.subscription TO dancu_gate;
GRANT SELECT, INSERT, UPDATE, DELETE ON exchange.relation TO dancu_app;
GRANT SELECT, DELETE ON exchange.relation TO dancu_gate;
GRANT SELECT ON exchange.relation TO dancu_verify;
GRANT SELECT ON kit.event, kit.event_head TO dancu_gate;
GRANT SELECT ON kit.event_head TO dancu_app;

GRANT CREATE ON SCHEMA exchange TO dancu_gate;
SET LOCAL ROLE dancu_gate;

-- Which field of the citizen an event tells of, in the words of the evidence log.
CREATE FUNCTION exchange.field_of(topic text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE
        WHEN topic LIKE 'population.person.d%' OR topic LIKE 'population.person.missing' THEN 'life'
        WHEN topic LIKE 'population.person.moved' THEN 'residence'
        WHEN topic LIKE 'population.person.marri%' THEN 'marital'
        WHEN topic LIKE 'population.number.%' OR topic LIKE 'population.person.merge%' THEN 'number'
        WHEN topic LIKE 'population.card.%' THEN 'cards'
        WHEN topic LIKE 'population.person.kin%' THEN 'kin'
        ELSE 'name' END;
$$;

-- The next events of a subscription after `after`, at most `most`, and as the last row (topic '') the place up to which
-- the log was searched. Nothing where the subscription does not stand or no agreement for events holds today. Each
-- person an event is about gets the evidence entry here, before anything leaves.
CREATE FUNCTION exchange.next_events(subscription uuid, after bigint, most integer)
RETURNS TABLE (seq bigint, topic text, ref text, payload jsonb, at timestamptz)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE s exchange.subscription; upto bigint;
BEGIN
    SELECT x.* INTO s FROM exchange.subscription x WHERE x.subscription_id = subscription AND x.state = 'active' FOR UPDATE;
    IF NOT FOUND OR NOT EXISTS (
        SELECT 1 FROM sharing.data_agreement a JOIN exchange.partner p USING (org_code)
         WHERE a.org_code = s.org_code AND a.service = 'events' AND a.state = 'in_force' AND access.today() <@ a.valid
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
               AND (NOT e.payload ? 'groups' OR e.payload -> 'groups' ?| s.groups)
               AND (e.topic <> 'population.person.kin_changed' OR e.payload ->> 'relation' = 'child')
             ORDER BY e.seq LIMIT least(most, 500)
        ), noted AS (
            SELECT audit.record(array_agg(ROW('read', 'client', s.client_no, s.org_code, s.purpose, s.legal_basis, NULL,
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

-- End a relation. True where there was one.
CREATE FUNCTION exchange.end_relation(org text, ref text) RETURNS boolean LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
    WITH gone AS (DELETE FROM exchange.relation r WHERE r.org_code = org AND r.ref = end_relation.ref RETURNING 1)
    SELECT count(*) > 0 FROM gone;
$$;

-- How many persons a partner has a relation to.
CREATE FUNCTION exchange.relations(org text) RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
    SELECT count(*) FROM exchange.relation r WHERE r.org_code = org;
$$;

REVOKE ALL ON FUNCTION exchange.field_of(text), exchange.next_events(uuid, bigint, integer), exchange.end_relation(text, text),
    exchange.relations(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION exchange.next_events(uuid, bigint, integer), exchange.relations(text) TO dancu_app, dancu_worker;
GRANT EXECUTE ON FUNCTION exchange.end_relation(text, text) TO dancu_app;

RESET ROLE;
SET LOCAL ROLE dancu_owner;
REVOKE CREATE ON SCHEMA exchange FROM dancu_gate;
