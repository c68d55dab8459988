-- What reports read: whole parts of the books, which no other command does.

-- name: movements_after(account_id, event_id, number, most)
-- Movements in the order in which they were posted, with the event that each belongs to.
SELECT l.lot_id, l.tag, l.starts, l.ends, l.export_controlled, l.reporting_only, l.expired,
       m.count, m.source, m.target, m.source_virtual_account_id, m.target_virtual_account_id,
       e.event_id, e.at, e.actor, e.kind, e.subject, e.reservation_id, e.detail, m.number
FROM movements AS m
JOIN events AS e ON e.account_id = m.account_id AND e.event_id = m.event_id
JOIN lots AS l ON l.account_id = m.account_id AND l.lot_id = m.lot_id
WHERE m.account_id = :account_id AND (m.event_id, m.number) > (:event_id, :number)
ORDER BY m.event_id, m.number LIMIT :most;

-- name: reservations_exposing(account_id)
-- Reservations of failed devices that may still use what their replacements got.
SELECT DISTINCT x.reservation_id
FROM exposures AS x
WHERE x.account_id = :account_id AND x.cleared_by IS NULL
ORDER BY x.reservation_id;

-- name: lines_ending(account_id, first, last)
-- Lines of open reservations that end between two days, with their own last day or that of their lot.
SELECT l.lot_id, l.tag, l.starts, l.ends, l.export_controlled, l.reporting_only, l.expired,
       r.reservation_id, r.product_id, r.serial_number, r.uuid, r.virtual_account_id,
       coalesce(a.ends, l.ends), a.count
FROM reservations AS r
JOIN allocations AS a ON a.account_id = r.account_id AND a.reservation_id = r.reservation_id
    AND a.epoch = r.epoch AND a.number = r.number
JOIN lots AS l ON l.account_id = a.account_id AND l.lot_id = a.lot_id
WHERE r.account_id = :account_id AND r.closed_at IS NULL
      AND coalesce(a.ends, l.ends) BETWEEN :first AND :last
ORDER BY coalesce(a.ends, l.ends), l.tag, r.reservation_id, l.lot_id;
