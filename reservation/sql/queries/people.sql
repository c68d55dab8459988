-- Queries about people, their roles, and agreements.

-- name: grants_of(account_id, user_name)
SELECT role, virtual_account_id FROM grants
WHERE account_id = :account_id AND user_name = :user_name
ORDER BY role, virtual_account_id;

-- name: every_grant(account_id)
SELECT user_name, role, virtual_account_id FROM grants
WHERE account_id = :account_id
ORDER BY user_name, role, virtual_account_id;

-- name: insert_grant(account_id, user_name, role, virtual_account_id, at, actor)!
INSERT INTO grants (account_id, user_name, role, virtual_account_id, at, actor)
VALUES (:account_id, :user_name, :role, :virtual_account_id, :at, :actor);

-- name: delete_grant(account_id, user_name, role, virtual_account_id)!
DELETE FROM grants
WHERE account_id = :account_id AND user_name = :user_name AND role = :role
      AND virtual_account_id = :virtual_account_id;

-- name: administrators(account_id)
SELECT user_name FROM grants WHERE account_id = :account_id AND role = 'administrator' ORDER BY user_name;

-- name: users(account_id)
SELECT user_name, passphrase, removed, at, actor FROM users WHERE account_id = :account_id ORDER BY user_name;

-- name: user(account_id, user_name)^
SELECT user_name, passphrase, removed, at, actor FROM users
WHERE account_id = :account_id AND user_name = :user_name;

-- name: upsert_user(account_id, user_name, folded, at, actor)!
-- One who was removed, and comes back, is a new one of the same name.
INSERT INTO users (account_id, user_name, folded, passphrase, removed, at, actor)
VALUES (:account_id, :user_name, :folded, '', 0, :at, :actor)
ON CONFLICT (account_id, user_name)
DO UPDATE SET passphrase = '', removed = 0, at = excluded.at, actor = excluded.actor;

-- name: remove_user(account_id, user_name)!
UPDATE users SET removed = 1, passphrase = '' WHERE account_id = :account_id AND user_name = :user_name;

-- name: set_passphrase(account_id, user_name, passphrase)!
UPDATE users SET passphrase = :passphrase WHERE account_id = :account_id AND user_name = :user_name;

-- name: people_events(account_id)
SELECT event_id, at, actor, kind, subject, reservation_id, detail FROM events
WHERE account_id = :account_id
      AND kind IN ('account-opened', 'user-added', 'user-removed', 'role-granted', 'role-revoked', 'passphrase-set',
                   'passphrase-cleared')
ORDER BY event_id;

-- name: agreements(account_id)
SELECT a.name, a.version, a.text, a.at, a.actor, c.at, c.actor
FROM agreements AS a
LEFT JOIN acceptances AS c ON c.account_id = a.account_id AND c.name = a.name AND c.version = a.version
WHERE a.account_id = :account_id
ORDER BY a.name, a.version DESC;

-- name: agreements_waiting(account_id)
-- The newest version of each agreement that nobody accepted.
SELECT a.name, a.version FROM agreements AS a
WHERE a.account_id = :account_id
      AND NOT EXISTS (
          SELECT 1 FROM agreements AS n
          WHERE n.account_id = a.account_id AND n.name = a.name AND n.version > a.version)
      AND NOT EXISTS (
          SELECT 1 FROM acceptances AS c
          WHERE c.account_id = a.account_id AND c.name = a.name AND c.version = a.version)
ORDER BY a.name;

-- name: insert_agreement(account_id, name, version, text, at, actor, event_id)!
INSERT INTO agreements (account_id, name, version, text, at, actor, event_id)
VALUES (:account_id, :name, :version, :text, :at, :actor, :event_id);

-- name: insert_acceptance(account_id, name, version, at, actor, event_id)!
INSERT INTO acceptances (account_id, name, version, at, actor, event_id)
VALUES (:account_id, :name, :version, :at, :actor, :event_id);
