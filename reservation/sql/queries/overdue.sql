-- Alerts about single reservations that come with time: each kind goes along one index, from a place on. See
-- `reservation.overdue`.

-- name: waiting_from(account_id, after, after_key, last, first_place, last_place, most)
SELECT * FROM reservation_rows
WHERE account_id = :account_id AND unconfirmed_since IS NOT NULL AND kept IS NULL
      AND (unconfirmed_since, page_key) > (:after, :after_key) AND unconfirmed_since <= :last
      AND virtual_account_id BETWEEN :first_place AND :last_place
ORDER BY unconfirmed_since, page_key LIMIT :most;

-- name: ended_from(account_id, after, after_key, last, first_place, last_place, most)
SELECT * FROM reservation_rows
WHERE account_id = :account_id AND first_end IS NOT NULL AND closed_at IS NULL
      AND (first_end, page_key) > (:after, :after_key) AND first_end <= :last
      AND virtual_account_id BETWEEN :first_place AND :last_place
ORDER BY first_end, page_key LIMIT :most;

-- name: to_return_from(account_id, after, after_key, last, first_place, last_place, most)
SELECT * FROM reservation_rows
WHERE account_id = :account_id AND return_by IS NOT NULL AND closed_at IS NULL
      AND (return_by, page_key) > (:after, :after_key) AND return_by <= :last
      AND virtual_account_id BETWEEN :first_place AND :last_place
ORDER BY return_by, page_key LIMIT :most;

-- name: gone_waiting(account_id, after_key, last, most)
-- Open alerts of which the reservation says no more what they say.
SELECT a.alert_id, a.kind, a.key, a.round, a.subject, a.severity, a.virtual_account_id, a.since, a.due, a.count,
       a.step, a.lot_id, a.reservation_id, a.opened_at, a.changed_at, a.closed_at, a.acknowledged_at,
       a.acknowledged_by, a.note, a.acknowledged_with
FROM alerts AS a
WHERE a.account_id = :account_id AND a.kind = 'in-doubt' AND a.closed_at IS NULL AND a.key > :after_key
      AND NOT EXISTS (SELECT 1 FROM reservations AS r
                      WHERE r.account_id = a.account_id AND r.reservation_id = a.reservation_id
                            AND r.unconfirmed_since <= :last AND r.kept IS NULL)
ORDER BY a.key LIMIT :most;

-- name: gone_ended(account_id, after_key, last, most)
-- Open alerts of which the reservation says no more what they say.
SELECT a.alert_id, a.kind, a.key, a.round, a.subject, a.severity, a.virtual_account_id, a.since, a.due, a.count,
       a.step, a.lot_id, a.reservation_id, a.opened_at, a.changed_at, a.closed_at, a.acknowledged_at,
       a.acknowledged_by, a.note, a.acknowledged_with
FROM alerts AS a
WHERE a.account_id = :account_id AND a.kind = 'reserved-expired' AND a.closed_at IS NULL AND a.key > :after_key
      AND NOT EXISTS (SELECT 1 FROM reservations AS r
                      WHERE r.account_id = a.account_id AND r.reservation_id = a.reservation_id
                            AND r.first_end <= :last AND r.closed_at IS NULL)
ORDER BY a.key LIMIT :most;

-- name: gone_to_return(account_id, after_key, last, most)
-- Open alerts of which the reservation says no more what they say.
SELECT a.alert_id, a.kind, a.key, a.round, a.subject, a.severity, a.virtual_account_id, a.since, a.due, a.count,
       a.step, a.lot_id, a.reservation_id, a.opened_at, a.changed_at, a.closed_at, a.acknowledged_at,
       a.acknowledged_by, a.note, a.acknowledged_with
FROM alerts AS a
WHERE a.account_id = :account_id AND a.kind = 'return-expected' AND a.closed_at IS NULL AND a.key > :after_key
      AND NOT EXISTS (SELECT 1 FROM reservations AS r
                      WHERE r.account_id = a.account_id AND r.reservation_id = a.reservation_id
                            AND r.return_by <= :last AND r.closed_at IS NULL)
ORDER BY a.key LIMIT :most;
