-- Queries about alerts, and what they are found by: each goes along an index, and reads only what stands out.

-- name: open_alerts(account_id, kind)
SELECT alert_id, kind, key, round, subject, severity, virtual_account_id, since, due, count, step, lot_id,
       reservation_id, opened_at, changed_at, closed_at, acknowledged_at, acknowledged_by, note,
       acknowledged_with
FROM alerts WHERE account_id = :account_id AND kind = :kind AND closed_at IS NULL ORDER BY key;

-- name: newest_alert_about(account_id, reservation_id, kind)^
SELECT alert_id, kind, key, round, subject, severity, virtual_account_id, since, due, count, step, lot_id,
       reservation_id, opened_at, changed_at, closed_at, acknowledged_at, acknowledged_by, note,
       acknowledged_with
FROM alerts WHERE account_id = :account_id AND reservation_id = :reservation_id AND kind = :kind
ORDER BY round DESC LIMIT 1;

-- name: closed_alerts(account_id, before, before_id, most)
-- The newest first; they go on before the last one that was seen.
SELECT alert_id, kind, key, round, subject, severity, virtual_account_id, since, due, count, step, lot_id,
       reservation_id, opened_at, changed_at, closed_at, acknowledged_at, acknowledged_by, note,
       acknowledged_with
FROM alerts
WHERE account_id = :account_id AND closed_at IS NOT NULL AND (closed_at, alert_id) < (:before, :before_id)
ORDER BY closed_at DESC, alert_id DESC LIMIT :most;

-- name: alerts_named(account_id, low, high)
SELECT alert_id, kind, key, round, subject, severity, virtual_account_id, since, due, count, step, lot_id,
       reservation_id, opened_at, changed_at, closed_at, acknowledged_at, acknowledged_by, note,
       acknowledged_with
FROM alerts WHERE account_id = :account_id AND alert_id BETWEEN :low AND :high
ORDER BY alert_id LIMIT 2;

-- name: every_alert(account_id)
SELECT alert_id, kind, key, round, subject, severity, virtual_account_id, since, due, count, step, lot_id,
       reservation_id, opened_at, changed_at, closed_at, acknowledged_at, acknowledged_by, note,
       acknowledged_with
FROM alerts WHERE account_id = :account_id ORDER BY kind, key, round;

-- name: last_round(account_id, kind, key)$
SELECT coalesce(max(round), 0) FROM alerts WHERE account_id = :account_id AND kind = :kind AND key = :key;

-- name: insert_alerts*!
INSERT INTO alerts (account_id, alert_id, kind, key, round, subject, severity, virtual_account_id, since, due,
                    count, step, lot_id, reservation_id, opened_at, changed_at, closed_at, acknowledged_at,
                    acknowledged_by, note, acknowledged_with)
VALUES (:account_id, :alert_id, :kind, :key, :round, :subject, :severity, :virtual_account_id, :since, :due,
        :count, :step, :lot_id, :reservation_id, :opened_at, :changed_at, :closed_at, :acknowledged_at,
        :acknowledged_by, :note, :acknowledged_with);

-- name: update_alerts*!
UPDATE alerts SET subject = :subject, severity = :severity, virtual_account_id = :virtual_account_id,
                  since = :since, due = :due, count = :count, step = :step, changed_at = :changed_at,
                  closed_at = :closed_at, acknowledged_at = :acknowledged_at,
                  acknowledged_by = :acknowledged_by, note = :note, acknowledged_with = :acknowledged_with
WHERE account_id = :account_id AND alert_id = :alert_id;

-- name: lots_about_to_end(account_id, first, last, today)
-- Lots that end between two days, in each Virtual Account that has any; and whether it has others of the same
-- entitlement that last longer.
SELECT l.lot_id, l.tag, l.starts, l.ends, l.export_controlled, l.reporting_only, l.expired,
       b.virtual_account_id, b.entitled + b.tallied,
       EXISTS (SELECT 1 FROM lots AS n
               JOIN balances AS m ON m.account_id = n.account_id AND m.lot_id = n.lot_id
               WHERE n.account_id = l.account_id AND n.tag = l.tag
                     AND (n.ends IS NULL OR n.ends >= :today)
                     AND m.virtual_account_id = b.virtual_account_id AND m.entitled + m.tallied > 0)
FROM lots AS l
CROSS JOIN balances AS b
WHERE l.account_id = :account_id AND l.expired IN (0, 1) AND l.ends BETWEEN :first AND :last
      AND b.account_id = l.account_id AND b.lot_id = l.lot_id AND b.entitled + b.tallied > 0
ORDER BY l.ends, l.lot_id, b.virtual_account_id;

-- name: balances_with_shortfall(account_id)
SELECT l.lot_id, l.tag, l.starts, l.ends, l.export_controlled, l.reporting_only, l.expired,
       b.virtual_account_id, b.available, b.reserved, b.in_doubt, b.failed, b.expired, b.written_off,
       b.entitled, b.shortfall, b.tallied
FROM balances AS b
JOIN lots AS l ON l.account_id = b.account_id AND l.lot_id = b.lot_id
WHERE b.account_id = :account_id AND b.shortfall > 0
ORDER BY b.lot_id, b.virtual_account_id;

-- name: reservations_kept(account_id)
-- Returned ones whose hold waits for a person.
SELECT * FROM reservation_rows
WHERE account_id = :account_id AND kept IS NOT NULL AND unconfirmed_since IS NOT NULL
ORDER BY reservation_id;

-- name: events_of_contradictions(account_id)
SELECT event_id, at, actor, kind, subject, reservation_id, detail FROM events
WHERE account_id = :account_id AND kind IN ('forked', 'key-changed', 'sign-of-life', 'key-refused')
ORDER BY event_id;

-- name: events_of_refusals(account_id, after)
SELECT event_id, at, actor, kind, subject, reservation_id, detail FROM events
WHERE account_id = :account_id AND event_id > :after AND kind = 'stock-refused'
ORDER BY event_id;
