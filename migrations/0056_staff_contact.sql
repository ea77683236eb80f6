-- Where staff are told of what cannot wait for their next sign-in (an emergency opening they must review): a work phone and address,
-- encrypted. A row is replaced, never deleted; an empty address means that nothing is to be sent.
CREATE TABLE access.staff_contact (
    staff_id bigint NOT NULL,
    channel text NOT NULL,
    address bytea,
    changed_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT staff_contact_pkey PRIMARY KEY (staff_id, channel),
    CONSTRAINT staff_contact_staff FOREIGN KEY (staff_id) REFERENCES access.staff (staff_id),
    CONSTRAINT staff_contact_channel CHECK (channel IN ('sms', 'email'))
);
GRANT SELECT, INSERT ON access.staff_contact TO dancu_app;
GRANT UPDATE (address, changed_at) ON access.staff_contact TO dancu_app;
