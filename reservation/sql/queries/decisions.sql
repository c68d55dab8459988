-- Queries about what needs a second person, what came of it, and what an account allows itself.

-- name: policy(account_id)^
SELECT rehost_percent, rehost_minimum, margin_days, agreements_required, in_doubt_days, quota_near_percent
FROM policies
WHERE account_id = :account_id;

-- name: upsert_policy(account_id, rehost_percent, rehost_minimum, margin_days, agreements_required, in_doubt_days, quota_near_percent)!
INSERT INTO policies (account_id, rehost_percent, rehost_minimum, margin_days, agreements_required,
                      in_doubt_days, quota_near_percent)
VALUES (:account_id, :rehost_percent, :rehost_minimum, :margin_days, :agreements_required,
        :in_doubt_days, :quota_near_percent)
ON CONFLICT (account_id)
DO UPDATE SET rehost_percent = excluded.rehost_percent, rehost_minimum = excluded.rehost_minimum,
              margin_days = excluded.margin_days, agreements_required = excluded.agreements_required,
              in_doubt_days = excluded.in_doubt_days, quota_near_percent = excluded.quota_near_percent;

-- name: insert_decision(account_id, decision_id, reservation_id, kind, reason, evidence, replacement_id, request_text, lines, at, actor)!
INSERT INTO decisions (account_id, decision_id, reservation_id, kind, reason, evidence, replacement_id,
                       request_text, lines, at, actor)
VALUES (:account_id, :decision_id, :reservation_id, :kind, :reason, :evidence, :replacement_id,
        :request_text, :lines, :at, :actor);

-- name: decide(account_id, decision_id, outcome, decided_at, decided_by, decided_with)$
UPDATE decisions SET
    outcome = :outcome, decided_at = :decided_at, decided_by = :decided_by, decided_with = :decided_with
WHERE account_id = :account_id AND decision_id = :decision_id
RETURNING decision_id;

-- name: decisions_of(account_id, reservation_id)
SELECT decision_id, reservation_id, kind, reason, evidence, replacement_id, request_text, lines, at, actor,
       outcome, decided_at, decided_by, decided_with
FROM decisions WHERE account_id = :account_id AND reservation_id = :reservation_id
ORDER BY decision_id;

-- name: pending_decisions(account_id)
SELECT decision_id, reservation_id, kind, reason, evidence, replacement_id, request_text, lines, at, actor,
       outcome, decided_at, decided_by, decided_with
FROM decisions WHERE account_id = :account_id AND outcome IS NULL
ORDER BY decision_id;

-- name: replaced_since(account_id, since)
-- When devices were rehosted to a replacement; those that came back after all are left out.
SELECT max(d.decided_at) AS newest
FROM decisions AS d
JOIN reservations AS r ON r.account_id = d.account_id AND r.reservation_id = d.reservation_id
WHERE d.account_id = :account_id AND d.kind = 'rehost' AND d.decided_at > :since
      AND d.outcome = 'approved' AND d.replacement_id IS NOT NULL AND r.state <> 'returned'
GROUP BY d.reservation_id
ORDER BY newest;

-- name: device_count(account_id)$
SELECT count(*) FROM (
    SELECT DISTINCT serial_number, product_id, uuid FROM reservations WHERE account_id = :account_id) AS devices;

-- name: given_up_with_key(account_id, device_key)
-- Reservations of a device that was given up, by the key that it signed with.
SELECT * FROM reservation_rows
WHERE account_id = :account_id AND device_key = :device_key AND state IN ('failed', 'written-off')
ORDER BY page_key;

-- name: insert_exposures*!
INSERT INTO exposures (account_id, reservation_id, lot_id, event_id, count)
VALUES (:account_id, :reservation_id, :lot_id, :event_id, :count);

-- name: clear_exposures(account_id, reservation_id, cleared_by)!
UPDATE exposures SET cleared_by = :cleared_by
WHERE account_id = :account_id AND reservation_id = :reservation_id AND cleared_by IS NULL;

-- name: exposures(account_id, reservation_id)
SELECT lot_id, count, event_id, cleared_by FROM exposures
WHERE account_id = :account_id AND reservation_id = :reservation_id
ORDER BY event_id, lot_id;
