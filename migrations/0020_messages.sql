-- Messages to people (SMS, e-mail, push): asked for in the transaction of what they tell, handed over by the worker. Address
-- and text are encrypted by the application (kit.keys); `address_index` is a keyed digest of the address.

CREATE TABLE kit.message (
    message_id bigint GENERATED ALWAYS AS IDENTITY,
    channel text NOT NULL CHECK (channel IN ('sms', 'email', 'push')),
    kind text NOT NULL,
    person_key bigint,
    ref text NOT NULL DEFAULT '',
    language text NOT NULL DEFAULT 'vi',
    address bytea NOT NULL,
    address_index bytea NOT NULL,
    body bytea,
    state text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'sent', 'delivered', 'failed', 'expired')),
    tries smallint NOT NULL DEFAULT 0,
    due_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    provider_ref text NOT NULL DEFAULT '',
    error text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    sent_at timestamptz,
    settled_at timestamptz,
    CONSTRAINT message_pkey PRIMARY KEY (message_id)
);
CREATE INDEX message_waiting_idx ON kit.message (due_at) WHERE state = 'queued';
CREATE INDEX message_address_idx ON kit.message (address_index, message_id DESC);
CREATE INDEX message_person_idx ON kit.message (person_key, kind) WHERE person_key IS NOT NULL;
CREATE INDEX message_receipt_idx ON kit.message (provider_ref) WHERE provider_ref <> '';

GRANT SELECT, UPDATE, DELETE ON kit.message TO dancu_worker;
GRANT SELECT (state, channel, kind, created_at, due_at) ON kit.message TO dancu_verify;

-- Ask for a message. The page that asks can read neither this nor any other.
CREATE FUNCTION kit.send_message(channel text, kind text, person bigint, ref text, language text, address bytea,
    address_index bytea, body bytea, life interval) RETURNS bigint LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO kit.message (channel, kind, person_key, ref, language, address, address_index, body, expires_at)
    VALUES (channel, kind, person, ref, language, address, address_index, body, now() + life)
    RETURNING message_id;
$$;

-- What became of messages to a person: no address, no text.
CREATE FUNCTION kit.messages_about(person bigint, of_kind text) RETURNS TABLE (message_id bigint, channel text, kind text,
    ref text, state text, error text, created_at timestamptz, settled_at timestamptz) LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
    SELECT m.message_id, m.channel, m.kind, m.ref, m.state, m.error, m.created_at, m.settled_at FROM kit.message m
     WHERE m.person_key = person AND (of_kind = '' OR m.kind = of_kind) ORDER BY m.message_id DESC LIMIT 100;
$$;

-- A provider's receipt. True where it settled a message that was sent; a second receipt changes nothing.
CREATE FUNCTION kit.message_receipt(provider_ref text, delivered boolean, reason text) RETURNS boolean LANGUAGE plpgsql VOLATILE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE kit.message m SET state = CASE WHEN delivered THEN 'delivered' ELSE 'failed' END, settled_at = now(),
           error = CASE WHEN delivered THEN '' ELSE left(reason, 80) END
     WHERE m.provider_ref = message_receipt.provider_ref AND m.provider_ref <> '' AND m.state = 'sent';
    RETURN FOUND;
END $$;

-- The built-in outbox of a demonstration; empty in any other database. `of_address` NULL: all.
CREATE FUNCTION kit.demo_outbox(of_address bytea, most integer) RETURNS TABLE (message_id bigint, channel text, kind text,
    address bytea, body bytea, created_at timestamptz) LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
    SELECT m.message_id, m.channel, m.kind, m.address, m.body, m.created_at FROM kit.message m
     WHERE EXISTS (SELECT FROM kit.setting s WHERE s.name = 'demo' AND s.value = 'true'::jsonb)
       AND (of_address IS NULL OR m.address_index = of_address) AND m.body IS NOT NULL
     ORDER BY m.message_id DESC LIMIT most;
$$;

REVOKE ALL ON FUNCTION kit.send_message(text, text, bigint, text, text, bytea, bytea, bytea, interval),
    kit.messages_about(bigint, text), kit.message_receipt(text, boolean, text), kit.demo_outbox(bytea, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kit.send_message(text, text, bigint, text, text, bytea, bytea, bytea, interval),
    kit.messages_about(bigint, text), kit.message_receipt(text, boolean, text) TO dancu_app, dancu_worker;
GRANT EXECUTE ON FUNCTION kit.demo_outbox(bytea, integer) TO dancu_app;
