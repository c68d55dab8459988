-- Queries about lots and balances.

-- name: lot(account_id, lot_id)^
SELECT lot_id, tag, starts, ends, export_controlled, reporting_only, expired
FROM lots WHERE account_id = :account_id AND lot_id = :lot_id;

-- name: lots_named(account_id, low, high)
SELECT lot_id, tag, starts, ends, export_controlled, reporting_only, expired
FROM lots WHERE account_id = :account_id AND lot_id BETWEEN :low AND :high
ORDER BY lot_id LIMIT 2;

-- name: insert_lots*!
INSERT INTO lots (account_id, lot_id, tag, starts, ends, export_controlled, reporting_only)
VALUES (:account_id, :lot_id, :tag, :starts, :ends, :export_controlled, :reporting_only)
ON CONFLICT DO NOTHING;

-- name: insert_balances*!
INSERT INTO balances (account_id, lot_id, virtual_account_id)
VALUES (:account_id, :lot_id, :virtual_account_id)
ON CONFLICT DO NOTHING;

-- name: stock(account_id, virtual_account_id, tag)
-- What one Virtual Account has of each lot of a tag.
SELECT l.lot_id, l.tag, l.starts, l.ends, l.export_controlled, l.reporting_only, l.expired,
       b.available, b.shortfall
FROM lots AS l
JOIN balances AS b ON b.account_id = l.account_id AND b.lot_id = l.lot_id
WHERE l.account_id = :account_id AND l.tag = :tag AND b.virtual_account_id = :virtual_account_id
ORDER BY l.lot_id;

-- name: lots_to_post(account_id, today)
-- Lots whose end is not posted yet, and lots whose posted end has not come after all.
SELECT lot_id FROM lots
WHERE account_id = :account_id AND ends IS NOT NULL AND expired = 0 AND ends < :today
UNION ALL
SELECT lot_id FROM lots
WHERE account_id = :account_id AND ends IS NOT NULL AND expired = 1 AND ends >= :today
ORDER BY lot_id;

-- name: set_lot_expired(account_id, lot_id, expired)!
UPDATE lots SET expired = :expired WHERE account_id = :account_id AND lot_id = :lot_id;

-- name: balances(account_id)
SELECT l.lot_id, l.tag, l.starts, l.ends, l.export_controlled, l.reporting_only, l.expired,
       b.virtual_account_id, b.available, b.reserved, b.in_doubt, b.failed, b.expired, b.written_off,
       b.entitled, b.shortfall, b.tallied
FROM lots AS l
JOIN balances AS b ON b.account_id = l.account_id AND b.lot_id = l.lot_id
WHERE l.account_id = :account_id
ORDER BY l.tag, l.starts NULLS FIRST, l.ends NULLS FIRST, l.lot_id, b.virtual_account_id;

-- name: balances_of_lot(account_id, lot_id)
SELECT l.lot_id, l.tag, l.starts, l.ends, l.export_controlled, l.reporting_only, l.expired,
       b.virtual_account_id, b.available, b.reserved, b.in_doubt, b.failed, b.expired, b.written_off,
       b.entitled, b.shortfall, b.tallied
FROM lots AS l
JOIN balances AS b ON b.account_id = l.account_id AND b.lot_id = l.lot_id
WHERE l.account_id = :account_id AND l.lot_id = :lot_id
ORDER BY b.virtual_account_id;

-- name: balances_short(account_id)
-- Lots of which more is out than was bought, although some of it has come back.
SELECT l.lot_id, l.tag, l.starts, l.ends, l.export_controlled, l.reporting_only, l.expired,
       b.virtual_account_id, b.available, b.reserved, b.in_doubt, b.failed, b.expired, b.written_off,
       b.entitled, b.shortfall, b.tallied
FROM balances AS b
JOIN lots AS l ON l.account_id = b.account_id AND l.lot_id = b.lot_id
WHERE b.account_id = :account_id AND b.shortfall > 0 AND b.available > 0
ORDER BY b.lot_id, b.virtual_account_id;

-- name: held_of_lot(account_id, lot_id)
SELECT r.virtual_account_id, CAST(sum(h.reserved) AS bigint), CAST(sum(h.in_doubt) AS bigint),
       CAST(sum(h.failed) AS bigint), CAST(sum(h.written_off) AS bigint)
FROM holds AS h
JOIN reservations AS r ON r.account_id = h.account_id AND r.reservation_id = h.reservation_id
WHERE h.account_id = :account_id AND h.lot_id = :lot_id
GROUP BY r.virtual_account_id
ORDER BY r.virtual_account_id;

-- name: post(account_id, lot_id, virtual_account_id, available, reserved, in_doubt, failed, expired, written_off, entitled, shortfall, tallied)$
-- Change the accounts of one lot; the constraints of the table refuse what would break the books.
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
RETURNING lot_id;

-- name: insert_movements*!
INSERT INTO movements (account_id, event_id, number, lot_id, count, source, target,
                       source_virtual_account_id, target_virtual_account_id)
VALUES (:account_id, :event_id, :number, :lot_id, :count, :source, :target,
        :source_virtual_account_id, :target_virtual_account_id);

-- name: movements_of_event(account_id, event_id)
SELECT l.lot_id, l.tag, l.starts, l.ends, l.export_controlled, l.reporting_only, l.expired,
       m.count, m.source, m.target, m.source_virtual_account_id, m.target_virtual_account_id
FROM movements AS m
JOIN lots AS l ON l.account_id = m.account_id AND l.lot_id = m.lot_id
WHERE m.account_id = :account_id AND m.event_id = :event_id
ORDER BY m.number;

-- name: order_event(account_id, order_reference)^
-- The event that first brought licences of an order; the second condition lets the index be used.
SELECT e.event_id, e.at, e.actor, e.kind, e.subject, e.reservation_id, e.detail
FROM additions AS a
JOIN events AS e ON e.account_id = a.account_id AND e.event_id = a.event_id
WHERE a.account_id = :account_id AND a.order_reference = :order_reference AND a.order_reference <> ''
ORDER BY a.event_id LIMIT 1;

-- name: insert_additions*!
INSERT INTO additions (account_id, event_id, lot_id, virtual_account_id, count, order_reference)
VALUES (:account_id, :event_id, :lot_id, :virtual_account_id, :count, :order_reference);
