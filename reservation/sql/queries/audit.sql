-- Queries that recompute the books from what happened.

-- name: movement_sums(account_id)
-- What has gone into and out of each account, by lot and Virtual Account.
SELECT lot_id, sum(count), source, target, source_virtual_account_id, target_virtual_account_id
FROM movements WHERE account_id = :account_id
GROUP BY lot_id, source, target, source_virtual_account_id, target_virtual_account_id;

-- name: hold_sums(account_id)
SELECT h.lot_id, r.virtual_account_id, sum(h.reserved), sum(h.in_doubt), sum(h.failed), sum(h.written_off)
FROM holds AS h
JOIN reservations AS r ON r.account_id = h.account_id AND r.reservation_id = h.reservation_id
WHERE h.account_id = :account_id
GROUP BY h.lot_id, r.virtual_account_id;

-- name: addition_sums(account_id)
SELECT lot_id, virtual_account_id, sum(count)
FROM additions WHERE account_id = :account_id
GROUP BY lot_id, virtual_account_id;

-- name: events_without_codes(account_id)
-- Events about a reservation that have none of the codes which such events bring.
SELECT e.event_id, e.at, e.actor, e.kind, e.subject, e.reservation_id, e.detail
FROM events AS e
WHERE e.account_id = :account_id
      AND e.kind IN ('reserved', 'updated', 'confirmed', 'confirmed-late', 'confirmed-mac', 'confirmed-signed',
                     'returned', 'returned-again', 'rebuilt')
      AND NOT EXISTS (
          SELECT 1 FROM codes AS c
          WHERE c.account_id = e.account_id AND c.reservation_id = e.reservation_id
                AND c.event_id = e.event_id);
