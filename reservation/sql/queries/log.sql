-- Queries about the log that others can check: its tree, what its leaves say, and its signed checkpoints.

-- name: tree_size(account_id)$
SELECT place FROM tree_hashes WHERE account_id = :account_id AND level = 0 ORDER BY place DESC LIMIT 1;

-- name: tree_hashes(account_id, level, first, past)
SELECT hash FROM tree_hashes
WHERE account_id = :account_id AND level = :level AND place >= :first AND place < :past
ORDER BY place;

-- name: insert_tree_hashes*!
INSERT INTO tree_hashes (account_id, level, place, hash) VALUES (:account_id, :level, :place, :hash);

-- name: number_of_event(account_id, event_id)$
SELECT number FROM chain WHERE account_id = :account_id AND event_id = :event_id;

-- name: movements_between(account_id, after, last)
-- The movements of events by their numbers, each led by that of its event.
SELECT c.number, l.lot_id, l.tag, l.starts, l.ends, l.export_controlled, l.reporting_only, l.expired,
       m.count, m.source, m.target, m.source_virtual_account_id, m.target_virtual_account_id
FROM chain AS c
JOIN movements AS m ON m.account_id = c.account_id AND m.event_id = c.event_id
JOIN lots AS l ON l.account_id = m.account_id AND l.lot_id = m.lot_id
WHERE c.account_id = :account_id AND c.number > :after AND c.number <= :last
ORDER BY c.number, m.number;

-- name: additions_between(account_id, after, last)
SELECT c.number, a.lot_id, a.virtual_account_id, a.count, a.order_reference
FROM chain AS c
JOIN additions AS a ON a.account_id = c.account_id AND a.event_id = c.event_id
WHERE c.account_id = :account_id AND c.number > :after AND c.number <= :last
ORDER BY c.number, a.lot_id, a.virtual_account_id;

-- name: codes_between(account_id, after, last)
-- The codes that came with events: each is of the reservation that its event is about.
SELECT c.number, k.kind, k.code_id
FROM chain AS c
JOIN events AS e ON e.account_id = c.account_id AND e.event_id = c.event_id
JOIN codes AS k ON k.account_id = e.account_id AND k.reservation_id = e.reservation_id AND k.event_id = e.event_id
WHERE c.account_id = :account_id AND c.number > :after AND c.number <= :last
ORDER BY c.number, k.code_id;

-- name: signed_heads(account_id)
SELECT size, root, note, at, actor FROM signed_heads WHERE account_id = :account_id ORDER BY number;

-- name: newest_signed_head(account_id)^
SELECT size, root, note, at, actor, number FROM signed_heads
WHERE account_id = :account_id ORDER BY number DESC LIMIT 1;

-- name: insert_signed_head(account_id, number, size, root, note, at, actor)!
INSERT INTO signed_heads (account_id, number, size, root, note, at, actor)
VALUES (:account_id, :number, :size, :root, :note, :at, :actor);
