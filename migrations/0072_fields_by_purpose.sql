-- An agreement may say which of its fields each purpose reaches; and it remembers of what kind the organisation was, since the law asks
-- enterprises for a citizen's consent where it lets an authority go by its task.

ALTER TABLE sharing.data_agreement
    ADD COLUMN purpose_fields jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(purpose_fields) = 'object'),
    ADD COLUMN org_kind text NOT NULL DEFAULT '';
COMMENT ON COLUMN sharing.data_agreement.purpose_fields IS 'purpose -> the fields it reaches; a purpose that is not named reaches all of `fields`';
COMMENT ON COLUMN sharing.data_agreement.org_kind IS 'kind of the organisation (access.organisation) when it was proposed';
UPDATE sharing.data_agreement a SET org_kind = o.kind FROM access.organisation o WHERE o.org_code = a.org_code;

GRANT CREATE ON SCHEMA exchange TO dancu_gate;
SET LOCAL ROLE dancu_gate;

-- As before; and the fields must be among those that the subscription's purpose reaches.
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
           AND a.purposes ->> s.purpose = s.legal_basis AND a.fields @> s.fields AND p.state = 'live'
           AND (NOT a.purpose_fields ? s.purpose OR a.purpose_fields -> s.purpose @> to_jsonb(s.fields))) THEN
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
