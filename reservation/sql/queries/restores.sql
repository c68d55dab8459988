-- Queries about the chain of events, restores of the database, and what is brought to rebuild it.

-- name: chain_end(account_id)^
SELECT number, hash FROM chain WHERE account_id = :account_id ORDER BY number DESC LIMIT 1;

-- name: chain_at(account_id, number)$
SELECT hash FROM chain WHERE account_id = :account_id AND number = :number;

-- name: insert_chain*!
INSERT INTO chain (account_id, number, event_id, hash) VALUES (:account_id, :number, :event_id, :hash);

-- name: chain_after(account_id, number, most)
SELECT c.number, c.hash, e.event_id, e.at, e.actor, e.kind, e.subject, e.reservation_id, e.detail
FROM chain AS c
JOIN events AS e ON e.account_id = c.account_id AND e.event_id = c.event_id
WHERE c.account_id = :account_id AND c.number > :number
ORDER BY c.number LIMIT :most;

-- name: event_count(account_id)$
SELECT count(*) FROM events WHERE account_id = :account_id;

-- name: restores(account_id)
SELECT r.event_id, e.at, e.actor, r.found_events, r.found_at, r.expected_epoch, r.expected_events,
       r.expected_hash, r.expected_at, r.reason, r.proposed_with, r.proposed_by, r.end_reason, r.ended_with, r.ended_by
FROM restores AS r
JOIN events AS e ON e.account_id = r.account_id AND e.event_id = r.event_id
WHERE r.account_id = :account_id ORDER BY r.event_id;

-- name: lasting_restore(account_id)$
-- Whether there is a quarantine: asked by every command that could issue something.
SELECT event_id FROM restores WHERE account_id = :account_id AND ended_with IS NULL LIMIT 1;

-- name: insert_restore(account_id, event_id, found_events, found_at, expected_epoch, expected_events, expected_hash, expected_at, reason)!
INSERT INTO restores (account_id, event_id, found_events, found_at, expected_epoch, expected_events,
                      expected_hash, expected_at, reason)
VALUES (:account_id, :event_id, :found_events, :found_at, :expected_epoch, :expected_events, :expected_hash,
        :expected_at, :reason);

-- name: propose_end(account_id, proposed_with, proposed_by, end_reason)!
UPDATE restores SET proposed_with = :proposed_with, proposed_by = :proposed_by, end_reason = :end_reason
WHERE account_id = :account_id AND ended_with IS NULL;

-- name: end_restores(account_id, ended_with, ended_by)!
UPDATE restores SET ended_with = :ended_with, ended_by = :ended_by
WHERE account_id = :account_id AND ended_with IS NULL;

-- name: set_epoch(epoch)!
UPDATE portal SET epoch = :epoch;

-- name: kept_codes(account_id)
SELECT kind, hint, digest, code_text, at, actor FROM kept_codes
WHERE account_id = :account_id AND settled_with IS NULL ORDER BY event_id, digest;

-- name: kept_code(account_id, digest)^
SELECT kind, hint, digest, code_text, at, actor FROM kept_codes
WHERE account_id = :account_id AND digest = :digest;

-- name: insert_kept_code(account_id, digest, kind, hint, code_text, at, actor, event_id)!
INSERT INTO kept_codes (account_id, digest, kind, hint, code_text, at, actor, event_id)
VALUES (:account_id, :digest, :kind, :hint, :code_text, :at, :actor, :event_id);

-- name: settle_kept_code(account_id, digest, settled_with)!
UPDATE kept_codes SET settled_with = :settled_with
WHERE account_id = :account_id AND digest = :digest AND settled_with IS NULL;

-- name: returns_ahead(account_id)
-- Devices that returned after they had installed something that the books do not know.
SELECT c.reservation_id, c.epoch, c.number
FROM codes AS c
JOIN reservations AS r ON r.account_id = c.account_id AND r.reservation_id = c.reservation_id
WHERE c.account_id = :account_id AND c.kind = 'R' AND (c.epoch, c.number) > (r.epoch, r.number)
ORDER BY c.event_id;

-- name: events_since(account_id, event_id)
-- What was recorded after an event, but what falls due by itself, and who is there to decide.
SELECT kind FROM events
WHERE account_id = :account_id AND event_id > :event_id
      AND kind NOT IN ('lot-ended', 'lot-resumed', 'line-ended', 'shortfall-covered', 'user-added', 'role-granted',
                       'passphrase-set')
LIMIT 1;

-- name: newest_epoch(account_id)$
SELECT max(epoch) FROM codes WHERE account_id = :account_id AND kind = 'A';
