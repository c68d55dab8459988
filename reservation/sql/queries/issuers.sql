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
