-- Queries that only SQLite puts this way.

-- name: holds_of_page(account_id, reservation_ids)
-- The holds of several reservations; their ids come as a JSON array of hexadecimal strings.
SELECT h.reservation_id, l.lot_id, l.tag, l.starts, l.ends, l.export_controlled, l.reporting_only, l.expired,
       h.reserved, h.in_doubt, h.failed, h.written_off
FROM json_each(:reservation_ids) AS wanted
JOIN holds AS h ON h.account_id = :account_id AND h.reservation_id = unhex(wanted.value)
JOIN lots AS l ON l.account_id = h.account_id AND l.lot_id = h.lot_id
ORDER BY h.reservation_id, h.lot_id;

-- name: integrity_check()
SELECT integrity_check FROM pragma_integrity_check;

-- name: foreign_key_check()
SELECT "table" FROM pragma_foreign_key_check;

-- name: movements_after_number(account_id, number)
-- The movements of all events after one.
SELECT m.lot_id, m.count, m.source, m.target, m.source_virtual_account_id, m.target_virtual_account_id
FROM chain AS c
JOIN movements AS m ON m.account_id = c.account_id AND m.event_id = c.event_id
WHERE c.account_id = :account_id AND c.number > :number
ORDER BY m.event_id, m.number;

-- --- alerts that come with time ---------------------------------------------------------------------

-- name: unwritten_waiting(account_id, after, after_key, last, severity, lag, most)
-- Reservations of which no open alert says what it should.
SELECT r.* FROM reservation_rows AS r
WHERE r.account_id = :account_id AND r.unconfirmed_since IS NOT NULL AND r.kept IS NULL
      AND (r.unconfirmed_since, r.page_key) > (:after, :after_key) AND r.unconfirmed_since <= :last
      AND NOT EXISTS (
          SELECT 1 FROM alerts AS a
          WHERE a.account_id = r.account_id AND a.reservation_id = r.reservation_id
                AND a.kind = 'in-doubt' AND a.closed_at IS NULL AND a.severity = :severity
                AND a.virtual_account_id = r.virtual_account_id
                AND a.since = r.unconfirmed_since
                AND a.due = date(substr(r.unconfirmed_since, 1, 10), :lag || ' days'))
ORDER BY r.unconfirmed_since, r.page_key LIMIT :most;

-- name: unwritten_ended(account_id, after, after_key, last, severity, most)
-- Reservations of which no open alert says what it should.
SELECT r.* FROM reservation_rows AS r
WHERE r.account_id = :account_id AND r.first_end IS NOT NULL AND r.closed_at IS NULL
      AND (r.first_end, r.page_key) > (:after, :after_key) AND r.first_end <= :last
      AND NOT EXISTS (
          SELECT 1 FROM alerts AS a
          WHERE a.account_id = r.account_id AND a.reservation_id = r.reservation_id
                AND a.kind = 'reserved-expired' AND a.closed_at IS NULL AND a.severity = :severity
                AND a.virtual_account_id = r.virtual_account_id
                AND a.since = date(substr(r.first_end, 1, 10), 1 || ' days') || 'T00:00:00.000000+00:00'
                AND a.due = date(substr(r.first_end, 1, 10), 1 || ' days'))
ORDER BY r.first_end, r.page_key LIMIT :most;

-- name: unwritten_to_return(account_id, after, after_key, last, severity, most)
-- Reservations of which no open alert says what it should.
SELECT r.* FROM reservation_rows AS r
WHERE r.account_id = :account_id AND r.return_by IS NOT NULL AND r.closed_at IS NULL
      AND (r.return_by, r.page_key) > (:after, :after_key) AND r.return_by <= :last
      AND NOT EXISTS (
          SELECT 1 FROM alerts AS a
          WHERE a.account_id = r.account_id AND a.reservation_id = r.reservation_id
                AND a.kind = 'return-expected' AND a.closed_at IS NULL AND a.severity = :severity
                AND a.virtual_account_id = r.virtual_account_id
                AND a.since = r.return_by || 'T00:00:00.000000+00:00'
                AND a.due = r.return_by)
ORDER BY r.return_by, r.page_key LIMIT :most;
