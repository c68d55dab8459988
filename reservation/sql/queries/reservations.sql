-- Queries about reservations, what they hold, and the codes and events that made them so.

-- name: reservation(reservation_id)^
-- Whatever the account: a request is reserved once in the whole portal.
SELECT * FROM reservation_rows WHERE reservation_id = :reservation_id;

-- name: newest_of_device(account_id, serial_number, product_id, uuid)^
SELECT * FROM reservation_rows
WHERE account_id = :account_id AND serial_number = :serial_number AND product_id = :product_id
      AND uuid = :uuid
ORDER BY closed_at IS NOT NULL, page_key DESC LIMIT 1;

-- name: reservations_named(account_id, low, high, most)
SELECT reservation_id FROM reservations
WHERE account_id = :account_id AND reservation_id BETWEEN :low AND :high
ORDER BY reservation_id LIMIT :most;

-- name: insert_reservation(account_id, reservation_id, virtual_account_id, state, product_id, serial_number, uuid, device_key, mode, members, required_matches, catalogue_size, catalogue_digest, epoch, number, confirmed_epoch, confirmed_number, opened_at, changed_at, unconfirmed_since, closed_at, kept, page_key, freed_on, frees_next, first_end, return_by, grade, wrong_tries)!
INSERT INTO reservations (
    account_id, reservation_id, virtual_account_id, state, product_id, serial_number, uuid, device_key,
    mode, members, required_matches, catalogue_size, catalogue_digest, epoch, number, confirmed_epoch,
    confirmed_number, opened_at, changed_at, unconfirmed_since, closed_at, kept, page_key, freed_on, frees_next,
    first_end, return_by, grade, wrong_tries)
VALUES (
    :account_id, :reservation_id, :virtual_account_id, :state, :product_id, :serial_number, :uuid,
    :device_key, :mode, :members, :required_matches, :catalogue_size, :catalogue_digest, :epoch, :number,
    :confirmed_epoch, :confirmed_number, :opened_at, :changed_at, :unconfirmed_since, :closed_at, :kept,
    :page_key, :freed_on, :frees_next, :first_end, :return_by, :grade, :wrong_tries);

-- name: update_reservation(account_id, reservation_id, virtual_account_id, state, epoch, number, confirmed_epoch, confirmed_number, changed_at, unconfirmed_since, closed_at, kept, freed_on, frees_next, first_end, return_by, grade, wrong_tries)$
UPDATE reservations SET
    virtual_account_id = :virtual_account_id, state = :state, epoch = :epoch, number = :number,
    confirmed_epoch = :confirmed_epoch, confirmed_number = :confirmed_number, changed_at = :changed_at,
    unconfirmed_since = :unconfirmed_since, closed_at = :closed_at, kept = :kept,
    freed_on = :freed_on, frees_next = :frees_next, first_end = :first_end, return_by = :return_by,
    grade = :grade, wrong_tries = :wrong_tries
WHERE account_id = :account_id AND reservation_id = :reservation_id
RETURNING reservation_id;

-- name: reservations_to_free(account_id, today)
-- Reservations with lines that ended long enough ago, and whose holds were not freed yet.
SELECT reservation_id FROM reservations
WHERE account_id = :account_id AND frees_next IS NOT NULL AND frees_next <= :today
ORDER BY frees_next, reservation_id;

-- name: issued(account_id, reservation_id)
SELECT epoch, number, code_id, at FROM codes
WHERE account_id = :account_id AND reservation_id = :reservation_id AND kind = 'A'
ORDER BY epoch, number;

-- name: issued_id(account_id, reservation_id, epoch, number)$
SELECT code_id FROM codes
WHERE account_id = :account_id AND reservation_id = :reservation_id AND kind = 'A'
      AND epoch = :epoch AND number = :number;

-- name: codes_beside(account_id, device_key, code_number, reservation_id)
-- Codes of a device that a code with this number can contradict: its neighbours, and returns of its request.
SELECT c.code_id, c.reservation_id, c.kind, c.code_text, c.epoch, c.number, c.code_number, c.link, c.at,
       c.actor, c.event_id
FROM reservations AS r
JOIN codes AS c ON c.account_id = r.account_id AND c.reservation_id = r.reservation_id
WHERE r.account_id = :account_id AND r.device_key = :device_key
      AND (c.code_number BETWEEN :code_number - 1 AND :code_number + 1
           OR (c.reservation_id = :reservation_id AND c.code_number IS NOT NULL))
ORDER BY c.code_number, c.event_id;

-- name: code_numbers(account_id, device_key)
SELECT c.code_number
FROM reservations AS r
JOIN codes AS c ON c.account_id = r.account_id AND c.reservation_id = r.reservation_id
WHERE r.account_id = :account_id AND r.device_key = :device_key AND c.code_number IS NOT NULL
ORDER BY c.code_number;

-- name: returned(account_id, reservation_id)^
-- The return that closed a reservation: the first.
SELECT epoch, number FROM codes
WHERE account_id = :account_id AND reservation_id = :reservation_id AND kind = 'R'
ORDER BY event_id LIMIT 1;

-- name: allocations(account_id, reservation_id)
SELECT l.lot_id, l.tag, l.starts, l.ends, l.export_controlled, l.reporting_only, l.expired,
       a.epoch, a.number, a.count, a.starts, a.ends, a.frees_on
FROM allocations AS a
JOIN lots AS l ON l.account_id = a.account_id AND l.lot_id = a.lot_id
WHERE a.account_id = :account_id AND a.reservation_id = :reservation_id
ORDER BY a.epoch, a.number, a.lot_id;

-- name: insert_allocations*!
INSERT INTO allocations (account_id, reservation_id, epoch, number, lot_id, count, starts, ends, frees_on)
VALUES (:account_id, :reservation_id, :epoch, :number, :lot_id, :count, :starts, :ends, :frees_on);

-- name: holds(account_id, reservation_id)
SELECT lot_id, reserved, in_doubt, failed, written_off FROM holds
WHERE account_id = :account_id AND reservation_id = :reservation_id
ORDER BY lot_id;

-- name: delete_holds(account_id, reservation_id)!
DELETE FROM holds WHERE account_id = :account_id AND reservation_id = :reservation_id;

-- name: insert_holds*!
INSERT INTO holds (account_id, reservation_id, lot_id, reserved, in_doubt, failed, written_off)
VALUES (:account_id, :reservation_id, :lot_id, :reserved, :in_doubt, :failed, :written_off);

-- name: insert_codes*!
INSERT INTO codes (account_id, reservation_id, code_id, kind, code_text, epoch, number, code_number, link,
                   at, actor, event_id)
VALUES (:account_id, :reservation_id, :code_id, :kind, :code_text, :epoch, :number, :code_number, :link,
        :at, :actor, :event_id);

-- name: codes(account_id, reservation_id)
SELECT code_id, reservation_id, kind, code_text, epoch, number, code_number, link, at, actor, event_id
FROM codes WHERE account_id = :account_id AND reservation_id = :reservation_id
ORDER BY event_id, kind DESC, code_id;

-- name: code(account_id, reservation_id, code_id)^
SELECT code_id, reservation_id, kind, code_text, epoch, number, code_number, link, at, actor, event_id
FROM codes
WHERE account_id = :account_id AND reservation_id = :reservation_id AND code_id = :code_id;

-- name: early_returns(account_id, hint)
SELECT digest, code_text, at, actor FROM early_returns
WHERE account_id = :account_id AND hint = :hint ORDER BY at, digest;

-- name: count_early_returns(account_id)$
SELECT count(*) FROM early_returns WHERE account_id = :account_id;

-- name: insert_early_return(account_id, hint, digest, code_text, at, actor, event_id)!
INSERT INTO early_returns (account_id, hint, digest, code_text, at, actor, event_id)
VALUES (:account_id, :hint, :digest, :code_text, :at, :actor, :event_id);

-- name: insert_events*!
INSERT INTO events (account_id, event_id, at, actor, kind, subject, reservation_id, detail)
VALUES (:account_id, :event_id, :at, :actor, :kind, :subject, :reservation_id, :detail);

-- name: newest_event_id(account_id)$
SELECT event_id FROM events WHERE account_id = :account_id ORDER BY event_id DESC LIMIT 1;

-- name: newest_event_of(account_id, reservation_id)$
SELECT event_id FROM events
WHERE account_id = :account_id AND reservation_id = :reservation_id ORDER BY event_id DESC LIMIT 1;

-- name: event(account_id, event_id)^
SELECT event_id, at, actor, kind, subject, reservation_id, detail
FROM events WHERE account_id = :account_id AND event_id = :event_id;

-- name: events_of_reservation(account_id, reservation_id)
SELECT event_id, at, actor, kind, subject, reservation_id, detail
FROM events WHERE account_id = :account_id AND reservation_id = :reservation_id ORDER BY event_id;

-- name: events(account_id, after, most)
SELECT event_id, at, actor, kind, subject, reservation_id, detail
FROM events WHERE account_id = :account_id AND event_id > :after ORDER BY event_id LIMIT :most;
