-- A citizen asks about a look at their data, or objects to it, where the list of looks shows it: a case of the organisation
-- that looked.
ALTER TABLE quality.case DROP CONSTRAINT case_kind;
ALTER TABLE quality.case
    ADD CONSTRAINT case_kind CHECK (kind IN ('correction', 'disagreement', 'document', 'connector', 'paper', 'question', 'objection'));
INSERT INTO quality.time_limit VALUES
    ('question', '[2026-01-01,)', 2, 10, '356/2025/NĐ-CP', 'secondary'),
    ('objection', '[2026-01-01,)', 2, 15, '356/2025/NĐ-CP', 'secondary');
