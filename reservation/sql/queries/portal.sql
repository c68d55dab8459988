-- Queries about the portal itself, its accounts, products and catalogue.

-- name: portal()^
SELECT portal_id, epoch, minimum_match, root_key, issuer_key, issuer_from, issuer_until, issuer_revoked
FROM portal;

-- name: insert_portal(portal_id, epoch, minimum_match, root_key, issuer_key, issuer_from, created_at)!
INSERT INTO portal (singleton, portal_id, epoch, minimum_match, root_key, issuer_key, issuer_from, created_at)
VALUES (1, :portal_id, :epoch, :minimum_match, :root_key, :issuer_key, :issuer_from, :created_at);

-- name: newest_trust()^
SELECT serial, code_text FROM trusts ORDER BY serial DESC LIMIT 1;

-- name: every_trust()
SELECT serial, code_id, code_text, root_key FROM trusts ORDER BY serial;

-- name: insert_trust(serial, root_key, code_id, code_text, at, actor)!
INSERT INTO trusts (serial, root_key, code_id, code_text, at, actor)
VALUES (:serial, :root_key, :code_id, :code_text, :at, :actor);

-- name: accounts()
SELECT account_id, name FROM accounts ORDER BY name;

-- name: insert_account(account_id, name)!
INSERT INTO accounts (account_id, name) VALUES (:account_id, :name);

-- name: virtual_accounts(account_id)
SELECT virtual_account_id, name, removed FROM virtual_accounts WHERE account_id = :account_id ORDER BY name;

-- name: virtual_account(account_id, name)^
SELECT virtual_account_id, name, removed FROM virtual_accounts
WHERE account_id = :account_id AND name = :name AND removed = 0;

-- name: virtual_account_by_id(account_id, virtual_account_id)^
SELECT virtual_account_id, name, removed FROM virtual_accounts
WHERE account_id = :account_id AND virtual_account_id = :virtual_account_id;

-- name: insert_virtual_account(account_id, virtual_account_id, name)!
INSERT INTO virtual_accounts (account_id, virtual_account_id, name)
VALUES (:account_id, :virtual_account_id, :name);

-- name: rename_virtual_account(account_id, virtual_account_id, name)!
UPDATE virtual_accounts SET name = :name
WHERE account_id = :account_id AND virtual_account_id = :virtual_account_id;

-- name: remove_virtual_account(account_id, virtual_account_id)!
UPDATE virtual_accounts SET removed = 1
WHERE account_id = :account_id AND virtual_account_id = :virtual_account_id;

-- name: holding_in(account_id, virtual_account_id)$
-- A reservation of a Virtual Account that is open, or keeps anything.
SELECT r.reservation_id FROM reservations AS r
WHERE r.account_id = :account_id AND r.virtual_account_id = :virtual_account_id
      AND (r.closed_at IS NULL OR EXISTS (
          SELECT 1 FROM holds AS h
          WHERE h.account_id = r.account_id AND h.reservation_id = r.reservation_id))
LIMIT 1;

-- name: products(account_id)
SELECT product_id, minimum_match, universal_tag FROM products
WHERE account_id = :account_id ORDER BY product_id;

-- name: product(account_id, product_id)^
SELECT product_id, minimum_match, universal_tag FROM products
WHERE account_id = :account_id AND product_id = :product_id;

-- name: upsert_product(account_id, product_id, minimum_match, universal_tag)!
INSERT INTO products (account_id, product_id, minimum_match, universal_tag)
VALUES (:account_id, :product_id, :minimum_match, :universal_tag)
ON CONFLICT (account_id, product_id)
DO UPDATE SET minimum_match = excluded.minimum_match, universal_tag = excluded.universal_tag;

-- name: catalogue_tags(account_id)
SELECT tag FROM catalogue WHERE account_id = :account_id ORDER BY position;

-- name: tag_at(account_id, position)$
SELECT tag FROM catalogue WHERE account_id = :account_id AND position = :position;

-- name: position_of(account_id, tag)$
SELECT position FROM catalogue WHERE account_id = :account_id AND tag = :tag;

-- name: insert_tags*!
INSERT INTO catalogue (account_id, position, tag) VALUES (:account_id, :position, :tag);

-- name: catalogue_digest(account_id, size)$
SELECT digest FROM catalogue_versions WHERE account_id = :account_id AND size = :size;

-- name: insert_catalogue_version(account_id, size, digest)!
INSERT INTO catalogue_versions (account_id, size, digest) VALUES (:account_id, :size, :digest);
