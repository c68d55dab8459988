-- Queries that only PostgreSQL puts this way.

-- name: holds_of_page(account_id, reservation_ids)
-- The holds of several reservations; their ids come as a JSON array of hexadecimal strings.
SELECT h.reservation_id, l.lot_id, l.tag, l.starts, l.ends, l.export_controlled, l.reporting_only, l.expired,
       h.reserved, h.in_doubt, h.failed, h.written_off
FROM json_array_elements_text(CAST(:reservation_ids AS json)) AS wanted (id)
JOIN holds AS h ON h.account_id = :account_id AND h.reservation_id = decode(wanted.id, 'hex')
JOIN lots AS l ON l.account_id = h.account_id AND l.lot_id = h.lot_id
ORDER BY h.reservation_id, h.lot_id;

-- name: placed_event_count(account_id)$
-- How many events there are, but those that wait for their place in the chain.
SELECT (SELECT count(*) FROM events WHERE account_id = :account_id)
       - (SELECT count(*) FROM unplaced_events WHERE account_id = :account_id);

-- --- who may run beside whom ----------------------------------------------------------------------

-- name: take_turn()$
-- Wait for the turn, and let nobody past until this transaction ends.
SELECT singleton FROM portal FOR UPDATE;

-- name: lock_alone(account_id)$
-- Wait until no other command writes in this account, and let none begin.
SELECT account_id FROM accounts WHERE account_id = :account_id FOR UPDATE;

-- name: lock_beside_others(account_id)$
-- Let others write beside this command, and nobody alone.
SELECT account_id FROM accounts WHERE account_id = :account_id FOR KEY SHARE;

-- name: locked_reservation(reservation_id)^
-- A reservation of which nothing changes any more until this transaction ends.
SELECT * FROM reservation_rows WHERE reservation_id = :reservation_id FOR UPDATE;

-- name: other_reservation_of_key(account_id, device_key, reservation_id)$
-- Any other reservation that a device's key signed for.
SELECT reservation_id FROM reservations
WHERE account_id = :account_id AND device_key = :device_key AND reservation_id <> :reservation_id
ORDER BY reservation_id LIMIT 1;

-- --- the hot pool ---------------------------------------------------------------------------------

-- name: move(account_id, event_id, number, lot_id, virtual_account_id, count, source, target, available, reserved, in_doubt, failed, expired, written_off, entitled, shortfall, tallied)$
-- Change one balance and write the movement that does it, in one statement: the row is locked no longer than
-- it must be, and the constraints of the table refuse what would break the books.
WITH posted AS (
    UPDATE balances SET
        available = available + :available,
        reserved = reserved + :reserved,
        in_doubt = in_doubt + :in_doubt,
        failed = failed + :failed,
        expired = expired + :expired,
        written_off = written_off + :written_off,
        entitled = entitled + :entitled,
        shortfall = shortfall + :shortfall,
        tallied = tallied + :tallied
    WHERE account_id = :account_id AND lot_id = :lot_id AND virtual_account_id = :virtual_account_id
    RETURNING account_id, lot_id, virtual_account_id
)
INSERT INTO movements (account_id, event_id, number, lot_id, count, source, target,
                       source_virtual_account_id, target_virtual_account_id)
SELECT account_id, :event_id, :number, lot_id, :count, :source, :target, virtual_account_id, virtual_account_id
FROM posted
RETURNING lot_id;

-- --- places in the chain --------------------------------------------------------------------------

-- name: insert_unplaced*!
INSERT INTO unplaced_events (account_id, event_id) VALUES (:account_id, :event_id);

-- name: has_unplaced(account_id)$
SELECT event_id FROM unplaced_events WHERE account_id = :account_id LIMIT 1;

-- name: take_unplaced(account_id)
-- The events that wait, oldest first; whoever comes second waits, and finds none of them.
WITH taken AS (
    DELETE FROM unplaced_events WHERE account_id = :account_id RETURNING account_id, event_id
)
SELECT e.event_id, e.at, e.actor, e.kind, e.subject, e.reservation_id, e.detail
FROM taken AS t
JOIN events AS e ON e.account_id = t.account_id AND e.event_id = t.event_id
ORDER BY e.event_id;

-- name: movements_after_number(account_id, number)
-- The movements of all events after one, and of those that have no place yet.
SELECT m.lot_id, m.count, m.source, m.target, m.source_virtual_account_id, m.target_virtual_account_id
FROM (
    SELECT event_id FROM chain WHERE account_id = :account_id AND number > :number
    UNION ALL
    SELECT event_id FROM unplaced_events WHERE account_id = :account_id
) AS later
JOIN movements AS m ON m.account_id = :account_id AND m.event_id = later.event_id
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
                AND a.due = to_char(CAST(substr(r.unconfirmed_since, 1, 10) AS date) + CAST(:lag AS integer), 'YYYY-MM-DD'))
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
                AND a.since = to_char(CAST(substr(r.first_end, 1, 10) AS date) + CAST(1 AS integer), 'YYYY-MM-DD') || 'T00:00:00.000000+00:00'
                AND a.due = to_char(CAST(substr(r.first_end, 1, 10) AS date) + CAST(1 AS integer), 'YYYY-MM-DD'))
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
