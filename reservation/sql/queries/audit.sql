-- Queries that recompute the books from what happened.

-- name: movement_sums(account_id)
-- What has gone into and out of each account, by lot and Virtual Account.
SELECT lot_id, CAST(sum(count) AS bigint), source, target, source_virtual_account_id, target_virtual_account_id
FROM movements WHERE account_id = :account_id
GROUP BY lot_id, source, target, source_virtual_account_id, target_virtual_account_id
ORDER BY lot_id, source, target, source_virtual_account_id, target_virtual_account_id;

-- name: hold_sums(account_id)
SELECT h.lot_id, r.virtual_account_id, CAST(sum(h.reserved) AS bigint), CAST(sum(h.in_doubt) AS bigint),
       CAST(sum(h.failed) AS bigint), CAST(sum(h.written_off) AS bigint)
FROM holds AS h
JOIN reservations AS r ON r.account_id = h.account_id AND r.reservation_id = h.reservation_id
WHERE h.account_id = :account_id
GROUP BY h.lot_id, r.virtual_account_id
ORDER BY h.lot_id, r.virtual_account_id;

-- name: addition_sums(account_id)
SELECT lot_id, virtual_account_id, CAST(sum(count) AS bigint)
FROM additions WHERE account_id = :account_id
GROUP BY lot_id, virtual_account_id
ORDER BY lot_id, virtual_account_id;

-- name: events_of_return_days(account_id)
-- Events that can say by which day a device is to be returned, oldest first.
SELECT event_id, at, actor, kind, subject, reservation_id, detail
FROM events
WHERE account_id = :account_id AND kind IN ('reserved', 'return-expected')
ORDER BY event_id;

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
                AND c.event_id = e.event_id)
ORDER BY e.event_id;
