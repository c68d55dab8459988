-- The books of a portal, first form.
--
-- Conventions: every key is led by the Smart Account, so that the books of one account can live together on
-- one server of a distributed database; ids are made by the program and are bytes, and nothing is counted by
-- a sequence. Instants are ISO texts in UTC with microseconds, days are ISO texts; both sort as they read, in
-- collation "C" whatever the database's is. What happened is only ever added: triggers refuse to change or
-- delete it. What stands (reservations, holds, balances) follows from it, and `audit` recomputes it.

-- The one portal that these books belong to.
CREATE TABLE portal (
    singleton     bigint PRIMARY KEY CHECK (singleton = 1),
    portal_id     bytea NOT NULL CHECK (length(portal_id) = 8),
    epoch         bigint NOT NULL CHECK (epoch >= 0),
    minimum_match bigint NOT NULL CHECK (minimum_match >= 0),
    root_key      bytea NOT NULL CHECK (length(root_key) = 32),
    issuer_key    bytea NOT NULL CHECK (length(issuer_key) = 32),
    issuer_from   text COLLATE "C" NOT NULL CHECK (issuer_from = to_char(issuer_from::date, 'YYYY-MM-DD')),
    -- Last day on which devices believe the issuer, as the newest trust code says it; NULL: without end.
    issuer_until  text COLLATE "C" CHECK (issuer_until = to_char(issuer_until::date, 'YYYY-MM-DD')),
    issuer_revoked bigint NOT NULL DEFAULT 0 CHECK (issuer_revoked IN (0, 1)),
    created_at    text COLLATE "C" NOT NULL
);

-- Trust codes that the root signed, newest serial last; each with the root that signed it.
CREATE TABLE trusts (
    serial    bigint PRIMARY KEY CHECK (serial >= 1),
    root_key  bytea NOT NULL CHECK (length(root_key) = 32),
    code_id   bytea NOT NULL CHECK (length(code_id) = 32),
    code_text text COLLATE "C" NOT NULL,
    at        text COLLATE "C" NOT NULL,
    actor     text COLLATE "C" NOT NULL
);

CREATE TABLE accounts (
    account_id bytea PRIMARY KEY CHECK (length(account_id) = 8),
    name       text COLLATE "C" NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 64)
);

CREATE TABLE virtual_accounts (
    account_id         bytea NOT NULL REFERENCES accounts,
    virtual_account_id bytea NOT NULL CHECK (length(virtual_account_id) = 8),
    name               text COLLATE "C" NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
    -- A removed one stays for the rows that speak of it; its name is free again.
    removed            bigint NOT NULL DEFAULT 0 CHECK (removed IN (0, 1)),
    PRIMARY KEY (account_id, virtual_account_id)
);
CREATE UNIQUE INDEX virtual_accounts_by_name ON virtual_accounts (account_id, name) WHERE removed = 0;

-- What the account allows itself; no row: the program's defaults.
CREATE TABLE policies (
    account_id     bytea PRIMARY KEY REFERENCES accounts,
    rehost_percent bigint NOT NULL CHECK (rehost_percent BETWEEN 0 AND 100),
    rehost_minimum bigint NOT NULL CHECK (rehost_minimum >= 0),
    margin_days    bigint CHECK (margin_days >= 0),
    -- Whether nothing is given out while the newest version of an agreement is not accepted.
    agreements_required bigint NOT NULL DEFAULT 0 CHECK (agreements_required IN (0, 1)),
    -- From when on there are alerts: of what nobody confirms, and of rehosts.
    in_doubt_days       bigint NOT NULL DEFAULT 30 CHECK (in_doubt_days >= 1),
    quota_near_percent  bigint NOT NULL DEFAULT 80 CHECK (quota_near_percent BETWEEN 1 AND 100)
);

-- People. Removed ones stay, since their names stand in the events. The passphrase is a stretched one.
CREATE TABLE users (
    account_id bytea NOT NULL REFERENCES accounts,
    user_name  text COLLATE "C" NOT NULL CHECK (length(user_name) BETWEEN 1 AND 64),
    -- No two people have names that differ in the size of letters alone.
    folded     text COLLATE "C" NOT NULL,
    passphrase text COLLATE "C" NOT NULL DEFAULT '',
    removed    bigint NOT NULL DEFAULT 0 CHECK (removed IN (0, 1)),
    at         text COLLATE "C" NOT NULL,
    actor      text COLLATE "C" NOT NULL,
    PRIMARY KEY (account_id, user_name),
    UNIQUE (account_id, folded)
);

-- Who may do what. A role that is not limited to a Virtual Account has an empty one.
CREATE TABLE grants (
    account_id         bytea NOT NULL REFERENCES accounts,
    user_name          text COLLATE "C" NOT NULL CHECK (length(user_name) BETWEEN 1 AND 64),
    role               text COLLATE "C" NOT NULL CHECK (role IN ('approver', 'administrator', 'user',
                           'virtual-account-administrator', 'virtual-account-user')),
    virtual_account_id bytea NOT NULL,
    at                 text COLLATE "C" NOT NULL,
    actor              text COLLATE "C" NOT NULL,
    PRIMARY KEY (account_id, user_name, role, virtual_account_id),
    FOREIGN KEY (account_id, user_name) REFERENCES users,
    CHECK ((role LIKE 'virtual-account-%') = (length(virtual_account_id) = 8))
);

CREATE TABLE products (
    account_id    bytea NOT NULL REFERENCES accounts,
    product_id    text COLLATE "C" NOT NULL CHECK (length(product_id) BETWEEN 1 AND 64),
    minimum_match bigint CHECK (minimum_match >= 0),
    universal_tag text COLLATE "C" CHECK (length(universal_tag) BETWEEN 1 AND 64),
    PRIMARY KEY (account_id, product_id)
);

CREATE TABLE catalogue (
    account_id bytea NOT NULL REFERENCES accounts,
    position   bigint NOT NULL CHECK (position >= 0),
    tag        text COLLATE "C" NOT NULL CHECK (length(tag) BETWEEN 1 AND 64),
    PRIMARY KEY (account_id, position),
    UNIQUE (account_id, tag)
);

-- Sizes at which the catalogue was published, with the digest that codes name it by.
CREATE TABLE catalogue_versions (
    account_id bytea NOT NULL REFERENCES accounts,
    size       bigint NOT NULL CHECK (size >= 1),
    digest     bytea NOT NULL CHECK (length(digest) = 4),
    PRIMARY KEY (account_id, size)
);

-- --- licences -------------------------------------------------------------------------------------

-- Licences that are alike in entitlement, term and flags; the id follows from these. Perpetual: no dates.
CREATE TABLE lots (
    account_id        bytea NOT NULL REFERENCES accounts,
    lot_id            bytea NOT NULL CHECK (length(lot_id) = 8),
    tag               text COLLATE "C" NOT NULL CHECK (length(tag) BETWEEN 1 AND 64),
    starts            text COLLATE "C" CHECK (starts = to_char(starts::date, 'YYYY-MM-DD')),
    ends              text COLLATE "C" CHECK (ends = to_char(ends::date, 'YYYY-MM-DD')),
    export_controlled bigint NOT NULL CHECK (export_controlled IN (0, 1)),
    reporting_only    bigint NOT NULL CHECK (reporting_only IN (0, 1)),
    expired           bigint NOT NULL DEFAULT 0 CHECK (expired IN (0, 1)),
    PRIMARY KEY (account_id, lot_id),
    CHECK ((starts IS NULL) = (ends IS NULL)),
    CHECK (ends >= starts),
    CHECK (expired = 0 OR ends IS NOT NULL)
);
CREATE INDEX lots_by_tag ON lots (account_id, tag);
CREATE INDEX lots_by_end ON lots (account_id, expired, ends) WHERE ends IS NOT NULL;

-- Every account of every lot in every Virtual Account. No account is ever negative, and the books balance:
-- a statement that would break either is refused, whatever the program believes.
CREATE TABLE balances (
    account_id         bytea NOT NULL,
    lot_id             bytea NOT NULL,
    virtual_account_id bytea NOT NULL,
    available          bigint NOT NULL DEFAULT 0 CHECK (available >= 0),
    reserved           bigint NOT NULL DEFAULT 0 CHECK (reserved >= 0),
    in_doubt           bigint NOT NULL DEFAULT 0 CHECK (in_doubt >= 0),
    failed             bigint NOT NULL DEFAULT 0 CHECK (failed >= 0),
    expired            bigint NOT NULL DEFAULT 0 CHECK (expired >= 0),
    written_off        bigint NOT NULL DEFAULT 0 CHECK (written_off >= 0),
    entitled           bigint NOT NULL DEFAULT 0 CHECK (entitled >= 0),
    shortfall          bigint NOT NULL DEFAULT 0 CHECK (shortfall >= 0),
    tallied            bigint NOT NULL DEFAULT 0 CHECK (tallied >= 0),
    PRIMARY KEY (account_id, lot_id, virtual_account_id),
    FOREIGN KEY (account_id, lot_id) REFERENCES lots,
    FOREIGN KEY (account_id, virtual_account_id) REFERENCES virtual_accounts,
    CONSTRAINT the_books_balance
        CHECK (available + reserved + in_doubt + failed + expired + written_off = entitled + shortfall)
);
CREATE INDEX balances_short ON balances (account_id) WHERE shortfall > 0;

-- --- what happened --------------------------------------------------------------------------------

CREATE TABLE events (
    account_id     bytea NOT NULL REFERENCES accounts,
    event_id       bytea NOT NULL CHECK (length(event_id) = 16),
    at             text COLLATE "C" NOT NULL,
    actor          text COLLATE "C" NOT NULL,
    kind           text COLLATE "C" NOT NULL,
    subject        text COLLATE "C" NOT NULL,
    reservation_id bytea CHECK (length(reservation_id) = 32),
    detail         text COLLATE "C" NOT NULL CHECK (detail::json IS NOT NULL),
    PRIMARY KEY (account_id, event_id)
);
CREATE INDEX events_by_reservation ON events (account_id, reservation_id, event_id)
    WHERE reservation_id IS NOT NULL;

CREATE TABLE movements (
    account_id                bytea NOT NULL,
    event_id                  bytea NOT NULL,
    number                    bigint NOT NULL CHECK (number >= 0),
    lot_id                    bytea NOT NULL,
    count                     bigint NOT NULL CHECK (count > 0),
    source                    text COLLATE "C" NOT NULL CHECK (source IN ('available', 'reserved', 'in_doubt',
                                  'failed', 'expired', 'written_off', 'entitled', 'shortfall', 'tallied',
                                  'unmetered')),
    target                    text COLLATE "C" NOT NULL CHECK (target IN ('available', 'reserved', 'in_doubt',
                                  'failed', 'expired', 'written_off', 'entitled', 'shortfall', 'tallied',
                                  'unmetered')),
    source_virtual_account_id bytea NOT NULL,
    target_virtual_account_id bytea NOT NULL,
    PRIMARY KEY (account_id, event_id, number),
    FOREIGN KEY (account_id, event_id) REFERENCES events,
    FOREIGN KEY (account_id, lot_id) REFERENCES lots,
    CHECK (source <> target OR source_virtual_account_id <> target_virtual_account_id)
);

-- Licences that were added, with the order that brought them; negative: taken back by a counter-entry.
CREATE TABLE additions (
    account_id         bytea NOT NULL,
    event_id           bytea NOT NULL,
    lot_id             bytea NOT NULL,
    virtual_account_id bytea NOT NULL,
    count              bigint NOT NULL CHECK (count <> 0),
    order_reference    text COLLATE "C" NOT NULL,
    PRIMARY KEY (account_id, event_id, lot_id, virtual_account_id),
    FOREIGN KEY (account_id, event_id) REFERENCES events,
    FOREIGN KEY (account_id, lot_id) REFERENCES lots,
    FOREIGN KEY (account_id, virtual_account_id) REFERENCES virtual_accounts
);
CREATE INDEX additions_by_order ON additions (account_id, order_reference) WHERE order_reference <> '';

-- Texts that are agreed; another text is another version.
CREATE TABLE agreements (
    account_id bytea NOT NULL,
    name       text COLLATE "C" NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
    version    bigint NOT NULL CHECK (version >= 1),
    text       text COLLATE "C" NOT NULL,
    at         text COLLATE "C" NOT NULL,
    actor      text COLLATE "C" NOT NULL,
    event_id   bytea NOT NULL,
    PRIMARY KEY (account_id, name, version),
    FOREIGN KEY (account_id, event_id) REFERENCES events
);

CREATE TABLE acceptances (
    account_id bytea NOT NULL,
    name       text COLLATE "C" NOT NULL,
    version    bigint NOT NULL,
    at         text COLLATE "C" NOT NULL,
    actor      text COLLATE "C" NOT NULL,
    event_id   bytea NOT NULL,
    PRIMARY KEY (account_id, name, version),
    FOREIGN KEY (account_id, name, version) REFERENCES agreements,
    FOREIGN KEY (account_id, event_id) REFERENCES events
);

-- --- reservations ---------------------------------------------------------------------------------

CREATE TABLE reservations (
    account_id         bytea NOT NULL,
    reservation_id     bytea NOT NULL CHECK (length(reservation_id) = 32),
    virtual_account_id bytea NOT NULL,
    state              text COLLATE "C" NOT NULL CHECK (state IN ('issued', 'active', 'updating', 'returned',
                           'failed', 'written-off')),
    product_id         text COLLATE "C" NOT NULL,
    serial_number      text COLLATE "C" NOT NULL,
    uuid               text COLLATE "C" NOT NULL,
    device_key         bytea NOT NULL CHECK (length(device_key) = 32),
    mode               bigint NOT NULL,
    members            bigint NOT NULL,
    required_matches   bigint NOT NULL,
    catalogue_size     bigint,
    catalogue_digest   bytea,
    epoch              bigint NOT NULL,
    number             bigint NOT NULL CHECK (number >= 1),
    confirmed_epoch    bigint,
    confirmed_number   bigint CHECK ((confirmed_epoch IS NULL) = (confirmed_number IS NULL)),
    opened_at          text COLLATE "C" NOT NULL,
    changed_at         text COLLATE "C" NOT NULL,
    unconfirmed_since  text COLLATE "C",
    closed_at          text COLLATE "C",
    kept               text COLLATE "C" CHECK (kept IN ('hardware-mismatch', 'below-confirmed')),
    page_key           bytea NOT NULL CHECK (length(page_key) = 16),
    freed_on           text COLLATE "C" CHECK (freed_on = to_char(freed_on::date, 'YYYY-MM-DD')),
    frees_next         text COLLATE "C" CHECK (frees_next = to_char(frees_next::date, 'YYYY-MM-DD')),
    -- First of the last days of what an open one holds; and the day by which it is to be returned.
    first_end          text COLLATE "C" CHECK (first_end = to_char(first_end::date, 'YYYY-MM-DD')),
    return_by          text COLLATE "C" CHECK (return_by = to_char(return_by::date, 'YYYY-MM-DD')),
    -- What proves that the confirmed authorization is installed: a signature, or a short confirmation's MAC.
    grade              text COLLATE "C" CHECK (grade IN ('signed', 'mac')),
    -- Short confirmations that did not fit, since the last signed one; at five that form is locked.
    wrong_tries        bigint NOT NULL DEFAULT 0 CHECK (wrong_tries BETWEEN 0 AND 5),
    PRIMARY KEY (account_id, reservation_id),
    -- One request cannot be reserved in two accounts.
    UNIQUE (reservation_id),
    FOREIGN KEY (account_id, virtual_account_id) REFERENCES virtual_accounts,
    CHECK ((state IN ('issued', 'active', 'updating')) = (closed_at IS NULL)),
    CHECK (frees_next IS NULL OR closed_at IS NULL),
    CHECK (first_end IS NULL OR closed_at IS NULL),
    CHECK ((grade IS NULL) = (confirmed_number IS NULL))
);
-- One open reservation for a device.
CREATE UNIQUE INDEX open_reservation_of_device
    ON reservations (account_id, serial_number, product_id, uuid)
    WHERE state IN ('issued', 'active', 'updating');
CREATE INDEX reservations_of_device
    ON reservations (account_id, serial_number, product_id, uuid, page_key);
-- All that one device signed; and keys of devices that were given up, which should not be heard of again.
CREATE INDEX reservations_by_key ON reservations (account_id, device_key);
CREATE INDEX reservations_by_page ON reservations (account_id, page_key);
CREATE INDEX reservations_by_state ON reservations (account_id, state, page_key);
CREATE INDEX reservations_by_virtual_account ON reservations (account_id, virtual_account_id, page_key);
CREATE INDEX reservations_by_virtual_account_state
    ON reservations (account_id, virtual_account_id, state, page_key);
CREATE INDEX reservations_in_doubt ON reservations (account_id, unconfirmed_since, page_key)
    WHERE unconfirmed_since IS NOT NULL;
CREATE INDEX reservations_to_free ON reservations (account_id, frees_next) WHERE frees_next IS NOT NULL;

-- The columns that the program reads, in its order.
CREATE VIEW reservation_rows AS
SELECT account_id, reservation_id, virtual_account_id, state, product_id, serial_number, uuid, device_key,
       mode, members, required_matches, catalogue_size, catalogue_digest, epoch, number, confirmed_epoch,
       confirmed_number, opened_at, changed_at, unconfirmed_since, closed_at, kept, page_key,
       freed_on, frees_next, first_end, return_by, grade, wrong_tries
FROM reservations;

-- What each authorization takes from each lot; with days when its line ends before the lot, and the first day
-- on which that line holds nothing any more.
CREATE TABLE allocations (
    account_id     bytea NOT NULL,
    reservation_id bytea NOT NULL,
    epoch          bigint NOT NULL CHECK (epoch >= 0),
    number         bigint NOT NULL CHECK (number >= 1),
    lot_id         bytea NOT NULL,
    count          bigint NOT NULL CHECK (count > 0),
    starts         text COLLATE "C" CHECK (starts = to_char(starts::date, 'YYYY-MM-DD')),
    ends           text COLLATE "C" CHECK (ends = to_char(ends::date, 'YYYY-MM-DD')),
    frees_on       text COLLATE "C" CHECK (frees_on = to_char(frees_on::date, 'YYYY-MM-DD')),
    PRIMARY KEY (account_id, reservation_id, epoch, number, lot_id),
    FOREIGN KEY (account_id, reservation_id) REFERENCES reservations,
    FOREIGN KEY (account_id, lot_id) REFERENCES lots,
    CHECK ((starts IS NULL) = (ends IS NULL)),
    CHECK (ends >= starts),
    CHECK (frees_on > ends),
    CHECK (frees_on IS NULL OR ends IS NOT NULL)
);

-- What each reservation keeps of each lot; of a lot that has ended, what it would keep.
CREATE TABLE holds (
    account_id     bytea NOT NULL,
    reservation_id bytea NOT NULL,
    lot_id         bytea NOT NULL,
    reserved       bigint NOT NULL CHECK (reserved >= 0),
    in_doubt       bigint NOT NULL CHECK (in_doubt >= 0),
    failed         bigint NOT NULL DEFAULT 0 CHECK (failed >= 0),
    written_off    bigint NOT NULL DEFAULT 0 CHECK (written_off >= 0),
    PRIMARY KEY (account_id, reservation_id, lot_id),
    FOREIGN KEY (account_id, reservation_id) REFERENCES reservations,
    FOREIGN KEY (account_id, lot_id) REFERENCES lots,
    CHECK (reserved + in_doubt + failed + written_off > 0)
);
CREATE INDEX holds_by_lot ON holds (account_id, lot_id, reservation_id);

-- Every code received and issued, word for word.
CREATE TABLE codes (
    account_id     bytea NOT NULL,
    reservation_id bytea NOT NULL,
    code_id        bytea NOT NULL CHECK (length(code_id) = 32),
    kind           text COLLATE "C" NOT NULL CHECK (kind IN ('Q', 'A', 'C', 'R', 'S')),
    code_text      text COLLATE "C" NOT NULL,
    epoch          bigint,
    number         bigint,
    code_number    bigint,
    link           bytea,
    at             text COLLATE "C" NOT NULL,
    actor          text COLLATE "C" NOT NULL,
    event_id       bytea NOT NULL,
    PRIMARY KEY (account_id, reservation_id, code_id),
    FOREIGN KEY (account_id, reservation_id) REFERENCES reservations,
    FOREIGN KEY (account_id, event_id) REFERENCES events,
    CHECK ((kind = 'Q') = (number IS NULL)),
    CHECK ((kind IN ('A', 'S')) = (code_number IS NULL))
);
-- No two authorizations have one place.
CREATE UNIQUE INDEX authorizations ON codes (account_id, reservation_id, epoch, number) WHERE kind = 'A';

-- Returns that came before their request: unverified, found again by their hint.
CREATE TABLE early_returns (
    account_id bytea NOT NULL REFERENCES accounts,
    hint       bytea NOT NULL CHECK (length(hint) = 4),
    digest     bytea NOT NULL CHECK (length(digest) = 32),
    code_text  text COLLATE "C" NOT NULL,
    at         text COLLATE "C" NOT NULL,
    actor      text COLLATE "C" NOT NULL,
    event_id   bytea NOT NULL,
    PRIMARY KEY (account_id, hint, digest),
    FOREIGN KEY (account_id, event_id) REFERENCES events
);

-- --- what needs a second person -------------------------------------------------------------------

-- What one person proposed; it changes once, when another approves it or anybody rejects it.
CREATE TABLE decisions (
    account_id     bytea NOT NULL,
    decision_id    bytea NOT NULL,
    reservation_id bytea NOT NULL,
    kind           text COLLATE "C" NOT NULL CHECK (kind IN ('rehost', 'write-off', 'release')),
    reason         text COLLATE "C" NOT NULL CHECK (length(reason) BETWEEN 1 AND 200),
    evidence       text COLLATE "C" CHECK (evidence IN ('hardware', 'software', 'witness', 'none')),
    replacement_id bytea CHECK (length(replacement_id) = 32),
    request_text   text COLLATE "C" NOT NULL,
    lines          text COLLATE "C" NOT NULL CHECK (lines::json IS NOT NULL),
    at             text COLLATE "C" NOT NULL,
    actor          text COLLATE "C" NOT NULL,
    outcome        text COLLATE "C" CHECK (outcome IN ('approved', 'rejected')),
    decided_at     text COLLATE "C",
    decided_by     text COLLATE "C",
    decided_with   bytea,
    PRIMARY KEY (account_id, decision_id),
    FOREIGN KEY (account_id, decision_id) REFERENCES events (account_id, event_id),
    FOREIGN KEY (account_id, decided_with) REFERENCES events (account_id, event_id),
    FOREIGN KEY (account_id, reservation_id) REFERENCES reservations,
    CHECK ((kind = 'rehost') = (evidence IS NOT NULL)),
    CHECK ((replacement_id IS NULL) = (request_text = '')),
    CHECK ((outcome IS NULL) = (decided_at IS NULL)),
    CHECK ((outcome IS NULL) = (decided_by IS NULL)),
    CHECK ((outcome IS NULL) = (decided_with IS NULL)),
    CONSTRAINT two_persons CHECK (outcome IS DISTINCT FROM 'approved' OR decided_by <> actor)
);
CREATE UNIQUE INDEX one_pending_decision ON decisions (account_id, reservation_id) WHERE outcome IS NULL;
CREATE INDEX decisions_by_reservation ON decisions (account_id, reservation_id, decision_id);
CREATE INDEX decisions_by_time ON decisions (account_id, kind, decided_at);

-- What replacements got of the holds of failed devices: outside the equation, until the device is proved gone.
CREATE TABLE exposures (
    account_id     bytea NOT NULL,
    reservation_id bytea NOT NULL,
    lot_id         bytea NOT NULL,
    event_id       bytea NOT NULL,
    count          bigint NOT NULL CHECK (count > 0),
    cleared_by     bytea,
    PRIMARY KEY (account_id, reservation_id, lot_id, event_id),
    FOREIGN KEY (account_id, reservation_id) REFERENCES reservations,
    FOREIGN KEY (account_id, lot_id) REFERENCES lots,
    FOREIGN KEY (account_id, event_id) REFERENCES events,
    FOREIGN KEY (account_id, cleared_by) REFERENCES events (account_id, event_id)
);

-- --- the log, and restores of the database --------------------------------------------------------

-- One hash over all events up to each of them, in the order in which they were recorded. A checkpoint that is
-- kept elsewhere names one of these: a database that was copied back does not have it.
CREATE TABLE chain (
    account_id bytea NOT NULL,
    number     bigint NOT NULL CHECK (number >= 1),
    event_id   bytea NOT NULL,
    hash       bytea NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (account_id, number),
    FOREIGN KEY (account_id, event_id) REFERENCES events
);

-- Events that have no place in the chain yet: a command that runs beside others does not wait for its place.
-- Whoever writes a checkpoint gives them theirs, and so does the next command that runs alone.
CREATE TABLE unplaced_events (
    account_id bytea NOT NULL,
    event_id   bytea NOT NULL,
    PRIMARY KEY (account_id, event_id),
    FOREIGN KEY (account_id, event_id) REFERENCES events
);

-- Times when the database was found to be copied back, or a person said so. The quarantine lasts until one
-- person proposes to end it and another one does. No expected events: no checkpoint showed it.
CREATE TABLE restores (
    account_id      bytea NOT NULL,
    event_id        bytea NOT NULL,
    found_events    bigint NOT NULL CHECK (found_events >= 1),
    found_at        text COLLATE "C" NOT NULL,
    expected_epoch  bigint CHECK (expected_epoch >= 0),
    expected_events bigint CHECK (expected_events >= 1),
    expected_hash   bytea CHECK (length(expected_hash) = 32),
    expected_at     text COLLATE "C",
    reason          text COLLATE "C" NOT NULL CHECK (length(reason) <= 200),
    proposed_with   bytea,
    proposed_by     text COLLATE "C",
    end_reason      text COLLATE "C" NOT NULL DEFAULT '' CHECK (length(end_reason) <= 200),
    ended_with      bytea,
    ended_by        text COLLATE "C",
    PRIMARY KEY (account_id, event_id),
    FOREIGN KEY (account_id, event_id) REFERENCES events,
    FOREIGN KEY (account_id, proposed_with) REFERENCES events (account_id, event_id),
    FOREIGN KEY (account_id, ended_with) REFERENCES events (account_id, event_id),
    CHECK ((expected_epoch IS NULL) = (expected_events IS NULL)),
    CHECK ((expected_epoch IS NULL) = (expected_hash IS NULL)),
    CHECK ((expected_epoch IS NULL) = (expected_at IS NULL)),
    CHECK ((proposed_with IS NULL) = (proposed_by IS NULL)),
    CHECK ((ended_with IS NULL) = (ended_by IS NULL)),
    CHECK (ended_with IS NULL OR proposed_with IS NOT NULL),
    CONSTRAINT two_persons_end_it CHECK (ended_by <> proposed_by)
);
CREATE INDEX restores_that_last ON restores (account_id) WHERE ended_with IS NULL;

-- Codes that a person brought and that another one is needed for: unverified, found again by their hint.
CREATE TABLE kept_codes (
    account_id   bytea NOT NULL REFERENCES accounts,
    digest       bytea NOT NULL CHECK (length(digest) = 32),
    kind         text COLLATE "C" NOT NULL CHECK (kind IN ('Q', 'A', 'C')),
    hint         bytea NOT NULL CHECK (length(hint) IN (2, 4)),
    code_text    text COLLATE "C" NOT NULL,
    at           text COLLATE "C" NOT NULL,
    actor        text COLLATE "C" NOT NULL,
    event_id     bytea NOT NULL,
    settled_with bytea,
    PRIMARY KEY (account_id, digest),
    FOREIGN KEY (account_id, event_id) REFERENCES events,
    FOREIGN KEY (account_id, settled_with) REFERENCES events (account_id, event_id)
);
CREATE INDEX kept_codes_that_wait ON kept_codes (account_id, kind) WHERE settled_with IS NULL;

-- --- alerts ----------------------------------------------------------------------------------------

-- What stood and was worth an alert, once for each time that it did. The facts open and close it; a person only
-- acknowledges it. What it is about follows from the rest of the books.
CREATE TABLE alerts (
    account_id           bytea NOT NULL REFERENCES accounts,
    alert_id             bytea NOT NULL CHECK (length(alert_id) = 16),
    kind                 text COLLATE "C" NOT NULL CHECK (kind IN ('insufficient', 'shortfall', 'expiring', 'expired', 'reserved-expired', 'in-doubt',
                           'return-expected', 'clone', 'rollback', 'key-changed', 'duplicate-device',
                           'quota-near')),
    key                  text COLLATE "C" NOT NULL,
    round                bigint NOT NULL CHECK (round >= 1),
    subject              text COLLATE "C" NOT NULL,
    severity             text COLLATE "C" NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
    virtual_account_id   bytea,
    since                text COLLATE "C" NOT NULL,
    due                  text COLLATE "C" NOT NULL CHECK (due = to_char(due::date, 'YYYY-MM-DD')),
    count                bigint CHECK (count >= 0),
    step                 bigint CHECK (step >= 0),
    lot_id               bytea,
    reservation_id       bytea,
    opened_at            text COLLATE "C" NOT NULL,
    changed_at           text COLLATE "C" NOT NULL,
    closed_at            text COLLATE "C",
    acknowledged_at      text COLLATE "C",
    acknowledged_by      text COLLATE "C",
    note                 text COLLATE "C" NOT NULL DEFAULT '' CHECK (length(note) <= 200),
    acknowledged_with    bytea,
    PRIMARY KEY (account_id, alert_id),
    UNIQUE (account_id, kind, key, round),
    FOREIGN KEY (account_id, virtual_account_id) REFERENCES virtual_accounts,
    FOREIGN KEY (account_id, lot_id) REFERENCES lots,
    FOREIGN KEY (account_id, reservation_id) REFERENCES reservations,
    FOREIGN KEY (account_id, acknowledged_with) REFERENCES events (account_id, event_id),
    CHECK ((acknowledged_at IS NULL) = (acknowledged_by IS NULL)),
    CHECK ((acknowledged_at IS NULL) = (acknowledged_with IS NULL)),
    CHECK (acknowledged_at IS NOT NULL OR note = ''),
    CONSTRAINT closed_after_it_was_opened CHECK (closed_at >= opened_at AND changed_at >= opened_at)
);
CREATE UNIQUE INDEX one_open_alert ON alerts (account_id, kind, key) WHERE closed_at IS NULL;
CREATE INDEX alerts_closed ON alerts (account_id, closed_at, alert_id) WHERE closed_at IS NOT NULL;
CREATE INDEX alerts_of_reservation ON alerts (account_id, reservation_id, kind, round)
    WHERE reservation_id IS NOT NULL;

-- What alerts are found by, without going through everything.
CREATE INDEX reservations_kept ON reservations (account_id, reservation_id)
    WHERE kept IS NOT NULL AND unconfirmed_since IS NOT NULL;
CREATE INDEX reservations_to_return ON reservations (account_id, return_by, page_key)
    WHERE return_by IS NOT NULL AND closed_at IS NULL;
CREATE INDEX reservations_by_end ON reservations (account_id, first_end, page_key)
    WHERE first_end IS NOT NULL;
CREATE INDEX events_of_contradictions ON events (account_id, event_id)
    WHERE kind IN ('forked', 'key-changed', 'sign-of-life', 'key-refused');
CREATE INDEX events_of_refusals ON events (account_id, event_id) WHERE kind = 'stock-refused';
-- Authorizations that came with these may be of an issuer that was in use long before.
CREATE INDEX events_of_rebuilding ON events (account_id, event_id) WHERE kind = 'rebuilt';

-- --- only ever added ------------------------------------------------------------------------------

-- What refuses: the reason is the trigger's.
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'integrity_constraint_violation';
END;
$$;

CREATE TRIGGER chain_stays BEFORE UPDATE ON chain FOR EACH ROW
    EXECUTE FUNCTION refuse('the chain only ever grows');
CREATE TRIGGER chain_remains BEFORE DELETE ON chain FOR EACH ROW
    EXECUTE FUNCTION refuse('the chain only ever grows');
-- Column by column: a comparison of rows beside an OR comes back from a dump in another form, and the audit
-- would say that the trigger was changed.
CREATE TRIGGER restores_stay BEFORE UPDATE ON restores FOR EACH ROW
    WHEN (OLD.ended_with IS NOT NULL
         OR OLD.account_id IS DISTINCT FROM NEW.account_id
         OR OLD.event_id IS DISTINCT FROM NEW.event_id
         OR OLD.found_events IS DISTINCT FROM NEW.found_events
         OR OLD.found_at IS DISTINCT FROM NEW.found_at
         OR OLD.expected_epoch IS DISTINCT FROM NEW.expected_epoch
         OR OLD.expected_events IS DISTINCT FROM NEW.expected_events
         OR OLD.expected_hash IS DISTINCT FROM NEW.expected_hash
         OR OLD.expected_at IS DISTINCT FROM NEW.expected_at
         OR OLD.reason IS DISTINCT FROM NEW.reason)
    EXECUTE FUNCTION refuse('a restore stays as it was noticed');
CREATE TRIGGER restores_remain BEFORE DELETE ON restores FOR EACH ROW
    EXECUTE FUNCTION refuse('restores are only ever added');
CREATE TRIGGER kept_codes_stay BEFORE UPDATE ON kept_codes FOR EACH ROW
    WHEN (OLD.settled_with IS NOT NULL
         OR OLD.account_id IS DISTINCT FROM NEW.account_id
         OR OLD.digest IS DISTINCT FROM NEW.digest
         OR OLD.kind IS DISTINCT FROM NEW.kind
         OR OLD.hint IS DISTINCT FROM NEW.hint
         OR OLD.code_text IS DISTINCT FROM NEW.code_text
         OR OLD.at IS DISTINCT FROM NEW.at
         OR OLD.actor IS DISTINCT FROM NEW.actor
         OR OLD.event_id IS DISTINCT FROM NEW.event_id)
    EXECUTE FUNCTION refuse('a kept code is settled once, as it was');
CREATE TRIGGER kept_codes_remain BEFORE DELETE ON kept_codes FOR EACH ROW
    EXECUTE FUNCTION refuse('kept codes are only ever added');

CREATE TRIGGER agreements_stay BEFORE UPDATE ON agreements FOR EACH ROW
    EXECUTE FUNCTION refuse('a version of an agreement stays as it was added');
CREATE TRIGGER agreements_remain BEFORE DELETE ON agreements FOR EACH ROW
    EXECUTE FUNCTION refuse('agreements are only ever added');
CREATE TRIGGER acceptances_stay BEFORE UPDATE ON acceptances FOR EACH ROW
    EXECUTE FUNCTION refuse('an acceptance stays as it was given');
CREATE TRIGGER acceptances_remain BEFORE DELETE ON acceptances FOR EACH ROW
    EXECUTE FUNCTION refuse('acceptances are only ever added');
CREATE TRIGGER users_remain BEFORE DELETE ON users FOR EACH ROW
    EXECUTE FUNCTION refuse('the names of people stay');
CREATE TRIGGER grants_stay BEFORE UPDATE ON grants FOR EACH ROW
    EXECUTE FUNCTION refuse('a role is given and taken as a whole');
-- Who changes people runs alone in the account, so no two can take the last two administrators at once.
CREATE FUNCTION keep_an_administrator() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM grants WHERE account_id = OLD.account_id AND role = 'administrator') THEN
        RAISE EXCEPTION 'a Smart Account has an administrator' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END;
$$;
CREATE TRIGGER an_administrator_remains AFTER DELETE ON grants FOR EACH ROW
    WHEN (OLD.role = 'administrator')
    EXECUTE FUNCTION keep_an_administrator();

CREATE TRIGGER movements_stay BEFORE UPDATE ON movements FOR EACH ROW
    EXECUTE FUNCTION refuse('movements are only ever added');
CREATE TRIGGER movements_remain BEFORE DELETE ON movements FOR EACH ROW
    EXECUTE FUNCTION refuse('movements are only ever added');
CREATE TRIGGER events_stay BEFORE UPDATE ON events FOR EACH ROW
    EXECUTE FUNCTION refuse('events are only ever added');
CREATE TRIGGER events_remain BEFORE DELETE ON events FOR EACH ROW
    EXECUTE FUNCTION refuse('events are only ever added');
CREATE TRIGGER codes_stay BEFORE UPDATE ON codes FOR EACH ROW
    EXECUTE FUNCTION refuse('codes are only ever added');
CREATE TRIGGER codes_remain BEFORE DELETE ON codes FOR EACH ROW
    EXECUTE FUNCTION refuse('codes are only ever added');
CREATE TRIGGER allocations_stay BEFORE UPDATE ON allocations FOR EACH ROW
    EXECUTE FUNCTION refuse('allocations are only ever added');
CREATE TRIGGER allocations_remain BEFORE DELETE ON allocations FOR EACH ROW
    EXECUTE FUNCTION refuse('allocations are only ever added');
CREATE TRIGGER additions_stay BEFORE UPDATE ON additions FOR EACH ROW
    EXECUTE FUNCTION refuse('additions are only ever added');
CREATE TRIGGER additions_remain BEFORE DELETE ON additions FOR EACH ROW
    EXECUTE FUNCTION refuse('additions are only ever added');
CREATE TRIGGER trusts_stay BEFORE UPDATE ON trusts FOR EACH ROW
    EXECUTE FUNCTION refuse('trust codes are only ever added');
CREATE TRIGGER trusts_remain BEFORE DELETE ON trusts FOR EACH ROW
    EXECUTE FUNCTION refuse('trust codes are only ever added');
CREATE TRIGGER catalogue_stays BEFORE UPDATE ON catalogue FOR EACH ROW
    EXECUTE FUNCTION refuse('the catalogue only ever grows');
CREATE TRIGGER catalogue_remains BEFORE DELETE ON catalogue FOR EACH ROW
    EXECUTE FUNCTION refuse('the catalogue only ever grows');
CREATE TRIGGER early_returns_stay BEFORE UPDATE ON early_returns FOR EACH ROW
    EXECUTE FUNCTION refuse('early returns are only ever added');
CREATE TRIGGER early_returns_remain BEFORE DELETE ON early_returns FOR EACH ROW
    EXECUTE FUNCTION refuse('early returns are only ever added');

CREATE TRIGGER decisions_stay BEFORE UPDATE ON decisions FOR EACH ROW
    WHEN (OLD.outcome IS NOT NULL OR NEW.outcome IS NULL
         OR OLD.account_id IS DISTINCT FROM NEW.account_id
         OR OLD.decision_id IS DISTINCT FROM NEW.decision_id
         OR OLD.reservation_id IS DISTINCT FROM NEW.reservation_id
         OR OLD.kind IS DISTINCT FROM NEW.kind
         OR OLD.reason IS DISTINCT FROM NEW.reason
         OR OLD.evidence IS DISTINCT FROM NEW.evidence
         OR OLD.replacement_id IS DISTINCT FROM NEW.replacement_id
         OR OLD.request_text IS DISTINCT FROM NEW.request_text
         OR OLD.lines IS DISTINCT FROM NEW.lines
         OR OLD.at IS DISTINCT FROM NEW.at
         OR OLD.actor IS DISTINCT FROM NEW.actor)
    EXECUTE FUNCTION refuse('a proposal is decided once, as it was made');
CREATE TRIGGER decisions_remain BEFORE DELETE ON decisions FOR EACH ROW
    EXECUTE FUNCTION refuse('decisions are only ever added');
CREATE TRIGGER exposures_stay BEFORE UPDATE ON exposures FOR EACH ROW
    WHEN (OLD.cleared_by IS NOT NULL OR NEW.cleared_by IS NULL
         OR OLD.account_id IS DISTINCT FROM NEW.account_id
         OR OLD.reservation_id IS DISTINCT FROM NEW.reservation_id
         OR OLD.lot_id IS DISTINCT FROM NEW.lot_id
         OR OLD.event_id IS DISTINCT FROM NEW.event_id
         OR OLD.count IS DISTINCT FROM NEW.count)
    EXECUTE FUNCTION refuse('an exposure is cleared once, as it was');
CREATE TRIGGER exposures_remain BEFORE DELETE ON exposures FOR EACH ROW
    EXECUTE FUNCTION refuse('exposures are only ever added');

CREATE TRIGGER reservations_remain BEFORE DELETE ON reservations FOR EACH ROW
    EXECUTE FUNCTION refuse('reservations are never deleted');
-- A closed reservation stays closed.
CREATE TRIGGER closed_reservations_stay_closed BEFORE UPDATE OF state ON reservations FOR EACH ROW
    WHEN (OLD.closed_at IS NOT NULL AND NEW.state IN ('issued', 'active', 'updating'))
    EXECUTE FUNCTION refuse('a closed reservation never opens again');

CREATE TRIGGER alerts_remain BEFORE DELETE ON alerts FOR EACH ROW
    EXECUTE FUNCTION refuse('alerts are only ever closed');
CREATE TRIGGER closed_alerts_stay BEFORE UPDATE ON alerts FOR EACH ROW
    WHEN (OLD.closed_at IS NOT NULL)
    EXECUTE FUNCTION refuse('a closed alert stays as it was');
-- Which issuer's key signed from when on. The newest one is that of the portal's row.
CREATE TABLE issuers (
    account_id bytea NOT NULL,
    event_id   bytea NOT NULL,
    issuer_key bytea NOT NULL CHECK (length(issuer_key) = 32),
    -- The trust code by which it came into use: who believes it has seen that one, or a later one.
    serial     bigint NOT NULL REFERENCES trusts,
    at         text COLLATE "C" NOT NULL,
    actor      text COLLATE "C" NOT NULL,
    PRIMARY KEY (account_id, event_id),
    FOREIGN KEY (account_id, event_id) REFERENCES events
);
CREATE TRIGGER issuers_stay BEFORE UPDATE ON issuers FOR EACH ROW
    EXECUTE FUNCTION refuse('the issuers that were in use stay');
CREATE TRIGGER issuers_remain BEFORE DELETE ON issuers FOR EACH ROW
    EXECUTE FUNCTION refuse('the issuers that were in use stay');
CREATE TRIGGER issuers_cannot_be_emptied BEFORE TRUNCATE ON issuers
    EXECUTE FUNCTION refuse('the issuers that were in use stay');

CREATE TRIGGER epochs_grow BEFORE UPDATE OF epoch ON portal FOR EACH ROW
    WHEN (NEW.epoch <= OLD.epoch)
    EXECUTE FUNCTION refuse('epochs only ever grow');

-- Emptying a table at once passes by the triggers of its rows.
CREATE TRIGGER chain_cannot_be_emptied BEFORE TRUNCATE ON chain
    EXECUTE FUNCTION refuse('the chain only ever grows');
CREATE TRIGGER restores_cannot_be_emptied BEFORE TRUNCATE ON restores
    EXECUTE FUNCTION refuse('restores are only ever added');
CREATE TRIGGER kept_codes_cannot_be_emptied BEFORE TRUNCATE ON kept_codes
    EXECUTE FUNCTION refuse('kept codes are only ever added');
CREATE TRIGGER agreements_cannot_be_emptied BEFORE TRUNCATE ON agreements
    EXECUTE FUNCTION refuse('agreements are only ever added');
CREATE TRIGGER acceptances_cannot_be_emptied BEFORE TRUNCATE ON acceptances
    EXECUTE FUNCTION refuse('acceptances are only ever added');
CREATE TRIGGER users_cannot_be_emptied BEFORE TRUNCATE ON users
    EXECUTE FUNCTION refuse('the names of people stay');
CREATE TRIGGER grants_cannot_be_emptied BEFORE TRUNCATE ON grants
    EXECUTE FUNCTION refuse('a Smart Account has an administrator');
CREATE TRIGGER movements_cannot_be_emptied BEFORE TRUNCATE ON movements
    EXECUTE FUNCTION refuse('movements are only ever added');
CREATE TRIGGER events_cannot_be_emptied BEFORE TRUNCATE ON events
    EXECUTE FUNCTION refuse('events are only ever added');
CREATE TRIGGER codes_cannot_be_emptied BEFORE TRUNCATE ON codes
    EXECUTE FUNCTION refuse('codes are only ever added');
CREATE TRIGGER allocations_cannot_be_emptied BEFORE TRUNCATE ON allocations
    EXECUTE FUNCTION refuse('allocations are only ever added');
CREATE TRIGGER additions_cannot_be_emptied BEFORE TRUNCATE ON additions
    EXECUTE FUNCTION refuse('additions are only ever added');
CREATE TRIGGER trusts_cannot_be_emptied BEFORE TRUNCATE ON trusts
    EXECUTE FUNCTION refuse('trust codes are only ever added');
CREATE TRIGGER catalogue_cannot_be_emptied BEFORE TRUNCATE ON catalogue
    EXECUTE FUNCTION refuse('the catalogue only ever grows');
CREATE TRIGGER early_returns_cannot_be_emptied BEFORE TRUNCATE ON early_returns
    EXECUTE FUNCTION refuse('early returns are only ever added');
CREATE TRIGGER decisions_cannot_be_emptied BEFORE TRUNCATE ON decisions
    EXECUTE FUNCTION refuse('decisions are only ever added');
CREATE TRIGGER exposures_cannot_be_emptied BEFORE TRUNCATE ON exposures
    EXECUTE FUNCTION refuse('exposures are only ever added');
CREATE TRIGGER reservations_cannot_be_emptied BEFORE TRUNCATE ON reservations
    EXECUTE FUNCTION refuse('reservations are never deleted');
CREATE TRIGGER alerts_cannot_be_emptied BEFORE TRUNCATE ON alerts
    EXECUTE FUNCTION refuse('alerts are only ever closed');

-- --- the log that others can check ----------------------------------------------------------------

-- Hashes of complete subtrees of the events' Merkle tree: of each leaf (level 0), of each 256 leaves (level 1),
-- of each 65,536 (level 2), and so on. They are filled in after the events, when somebody asks for a proof.
CREATE TABLE tree_hashes (
    account_id bytea NOT NULL REFERENCES accounts,
    level      integer NOT NULL CHECK (level >= 0),
    place      bigint NOT NULL CHECK (place >= 0),
    hash       bytea NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (account_id, level, place)
);

-- Checkpoints of the log that the issuer signed, for others to keep.
CREATE TABLE signed_heads (
    account_id bytea NOT NULL REFERENCES accounts,
    number     bigint NOT NULL CHECK (number >= 1),
    size       bigint NOT NULL CHECK (size >= 0),
    root       bytea NOT NULL CHECK (length(root) = 32),
    note       text COLLATE "C" NOT NULL,
    at         text COLLATE "C" NOT NULL,
    actor      text COLLATE "C" NOT NULL,
    PRIMARY KEY (account_id, number)
);

CREATE TRIGGER tree_hashes_stay BEFORE UPDATE ON tree_hashes FOR EACH ROW
    EXECUTE FUNCTION refuse('the tree only ever grows');
CREATE TRIGGER tree_hashes_remain BEFORE DELETE ON tree_hashes FOR EACH ROW
    EXECUTE FUNCTION refuse('the tree only ever grows');
CREATE TRIGGER tree_hashes_cannot_be_emptied BEFORE TRUNCATE ON tree_hashes
    EXECUTE FUNCTION refuse('the tree only ever grows');
CREATE TRIGGER signed_heads_stay BEFORE UPDATE ON signed_heads FOR EACH ROW
    EXECUTE FUNCTION refuse('signed checkpoints are only ever added');
CREATE TRIGGER signed_heads_remain BEFORE DELETE ON signed_heads FOR EACH ROW
    EXECUTE FUNCTION refuse('signed checkpoints are only ever added');
CREATE TRIGGER signed_heads_cannot_be_emptied BEFORE TRUNCATE ON signed_heads
    EXECUTE FUNCTION refuse('signed checkpoints are only ever added');
