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
