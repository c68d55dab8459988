-- Pages of reservations, newest first; each goes on after the last key of the page before.

-- name: page(account_id, before, most)
SELECT * FROM reservation_rows
WHERE account_id = :account_id AND page_key < :before
ORDER BY page_key DESC LIMIT :most;

-- name: page_of_state(account_id, state, before, most)
SELECT * FROM reservation_rows
WHERE account_id = :account_id AND state = :state AND page_key < :before
ORDER BY page_key DESC LIMIT :most;

-- name: page_of_virtual_account(account_id, virtual_account_id, before, most)
SELECT * FROM reservation_rows
WHERE account_id = :account_id AND virtual_account_id = :virtual_account_id AND page_key < :before
ORDER BY page_key DESC LIMIT :most;

-- name: page_of_virtual_account_state(account_id, virtual_account_id, state, before, most)
SELECT * FROM reservation_rows
WHERE account_id = :account_id AND virtual_account_id = :virtual_account_id AND state = :state
      AND page_key < :before
ORDER BY page_key DESC LIMIT :most;

-- name: page_in_doubt(account_id, virtual_account_id, since, after, most)
-- Oldest doubt first. No Virtual Account: all of them.
SELECT * FROM reservation_rows
WHERE account_id = :account_id AND unconfirmed_since IS NOT NULL
      AND (unconfirmed_since, page_key) > (:since, :after)
      AND virtual_account_id = COALESCE(:virtual_account_id, virtual_account_id)
ORDER BY unconfirmed_since, page_key LIMIT :most;

-- name: page_expired(account_id, virtual_account_id, today, before, most)
-- Open reservations with a lot that has ended. No Virtual Account: all of them.
SELECT * FROM reservation_rows
WHERE account_id = :account_id AND page_key < :before AND closed_at IS NULL
      AND virtual_account_id = COALESCE(:virtual_account_id, virtual_account_id)
      AND reservation_id IN (
          SELECT h.reservation_id
          FROM lots AS l
          JOIN holds AS h ON h.account_id = l.account_id AND h.lot_id = l.lot_id
          WHERE l.account_id = :account_id AND l.ends < :today)
ORDER BY page_key DESC LIMIT :most;

-- name: reservations_from(account_id, after, most)
-- All reservations, by id: for going through the whole of the books.
SELECT * FROM reservation_rows
WHERE account_id = :account_id AND reservation_id > :after
ORDER BY reservation_id LIMIT :most;
