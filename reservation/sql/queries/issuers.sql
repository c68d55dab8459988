-- Queries about the issuers of the portal: which key signed from when on.

-- name: used_issuers(account_id)
SELECT issuer_key, serial, event_id, at, actor FROM issuers WHERE account_id = :account_id ORDER BY event_id;

-- name: insert_issuer(account_id, event_id, issuer_key, serial, at, actor)!
INSERT INTO issuers (account_id, event_id, issuer_key, serial, at, actor)
VALUES (:account_id, :event_id, :issuer_key, :serial, :at, :actor);

-- name: authorization_events(account_id, reservation_id)
SELECT code_id, event_id FROM codes
WHERE account_id = :account_id AND reservation_id = :reservation_id AND kind = 'A';

-- name: set_issuer(root_key, issuer_key, issuer_from, issuer_until, issuer_revoked)!
UPDATE portal SET root_key = :root_key, issuer_key = :issuer_key, issuer_from = :issuer_from,
                  issuer_until = :issuer_until, issuer_revoked = :issuer_revoked;

-- name: newest_authorizations(account_id, settled, before, most)
-- Open reservations, newest first, that confirmed nothing which came with an event from some on: with which
-- events their newest authorization and the confirmed one came.
SELECT r.page_key, r.reservation_id, n.event_id, c.event_id
FROM reservations AS r
LEFT JOIN codes AS n ON n.account_id = r.account_id AND n.reservation_id = r.reservation_id AND n.kind = 'A'
     AND n.epoch = r.epoch AND n.number = r.number
LEFT JOIN codes AS c ON c.account_id = r.account_id AND c.reservation_id = r.reservation_id AND c.kind = 'A'
     AND c.epoch = r.confirmed_epoch AND c.number = r.confirmed_number
WHERE r.account_id = :account_id AND r.page_key < :before AND r.closed_at IS NULL
      AND (c.event_id IS NULL OR c.event_id < :settled)
ORDER BY r.page_key DESC LIMIT :most;

-- name: events_of_rebuilding(account_id)
SELECT event_id FROM events WHERE account_id = :account_id AND kind = 'rebuilt' ORDER BY event_id;
