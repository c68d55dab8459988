-- The books of a portal, first form.
--
-- Conventions: every key is led by the Smart Account, so that the books of one account can live together on
-- one server of a distributed database; ids are made by the program and are bytes. Instants are ISO texts in
-- UTC with microseconds, days are ISO texts; both sort as they read. What happened is only ever added:
-- triggers refuse to change or delete it. What stands (reservations, holds, balances) follows from it, and
-- `audit` recomputes it.

-- The one portal that these books belong to.
CREATE TABLE portal (
    singleton     INTEGER PRIMARY KEY CHECK (singleton = 1),
    portal_id     BLOB NOT NULL CHECK (length(portal_id) = 8),
    epoch         INTEGER NOT NULL CHECK (epoch >= 0),
    minimum_match INTEGER NOT NULL CHECK (minimum_match >= 0),
    root_key      BLOB NOT NULL CHECK (length(root_key) = 32),
    issuer_key    BLOB NOT NULL CHECK (length(issuer_key) = 32),
    issuer_from   TEXT NOT NULL CHECK (issuer_from IS date(issuer_from)),
    -- Last day on which devices believe the issuer, as the newest trust code says it; NULL: without end.
    issuer_until  TEXT CHECK (issuer_until IS date(issuer_until)),
    issuer_revoked INTEGER NOT NULL DEFAULT 0 CHECK (issuer_revoked IN (0, 1)),
    created_at    TEXT NOT NULL
) STRICT;

-- Trust codes that the root signed, newest serial last; each with the root that signed it.
CREATE TABLE trusts (
    serial    INTEGER PRIMARY KEY CHECK (serial >= 1),
    root_key  BLOB NOT NULL CHECK (length(root_key) = 32),
    code_id   BLOB NOT NULL CHECK (length(code_id) = 32),
    code_text TEXT NOT NULL,
    at        TEXT NOT NULL,
    actor     TEXT NOT NULL
) STRICT;

CREATE TABLE accounts (
    account_id BLOB PRIMARY KEY CHECK (length(account_id) = 8),
    name       TEXT NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 64)
) STRICT, WITHOUT ROWID;

CREATE TABLE virtual_accounts (
    account_id         BLOB NOT NULL REFERENCES accounts,
    virtual_account_id BLOB NOT NULL CHECK (length(virtual_account_id) = 8),
    name               TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
    -- A removed one stays for the rows that speak of it; its name is free again.
    removed            INTEGER NOT NULL DEFAULT 0 CHECK (removed IN (0, 1)),
    PRIMARY KEY (account_id, virtual_account_id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX virtual_accounts_by_name ON virtual_accounts (account_id, name) WHERE removed = 0;

-- What the account allows itself; no row: the program's defaults.
CREATE TABLE policies (
    account_id     BLOB PRIMARY KEY REFERENCES accounts,
    rehost_percent INTEGER NOT NULL CHECK (rehost_percent BETWEEN 0 AND 100),
    rehost_minimum INTEGER NOT NULL CHECK (rehost_minimum >= 0),
    margin_days    INTEGER CHECK (margin_days >= 0),
    -- Whether nothing is given out while the newest version of an agreement is not accepted.
    agreements_required INTEGER NOT NULL DEFAULT 0 CHECK (agreements_required IN (0, 1)),
    -- From when on there are alerts: of what nobody confirms, and of rehosts.
    in_doubt_days       INTEGER NOT NULL DEFAULT 30 CHECK (in_doubt_days >= 1),
    quota_near_percent  INTEGER NOT NULL DEFAULT 80 CHECK (quota_near_percent BETWEEN 1 AND 100)
) STRICT, WITHOUT ROWID;

-- People. Removed ones stay, since their names stand in the events. The passphrase is a stretched one.
CREATE TABLE users (
    account_id BLOB NOT NULL REFERENCES accounts,
    user_name  TEXT NOT NULL CHECK (length(user_name) BETWEEN 1 AND 64),
    -- No two people have names that differ in the size of letters alone.
    folded     TEXT NOT NULL,
    passphrase TEXT NOT NULL DEFAULT '',
    removed    INTEGER NOT NULL DEFAULT 0 CHECK (removed IN (0, 1)),
    at         TEXT NOT NULL,
    actor      TEXT NOT NULL,
    PRIMARY KEY (account_id, user_name),
    UNIQUE (account_id, folded)
) STRICT, WITHOUT ROWID;

-- Who may do what. A role that is not limited to a Virtual Account has an empty one.
CREATE TABLE grants (
    account_id         BLOB NOT NULL REFERENCES accounts,
    user_name          TEXT NOT NULL CHECK (length(user_name) BETWEEN 1 AND 64),
    role               TEXT NOT NULL CHECK (role IN ('approver', 'administrator', 'user',
                           'virtual-account-administrator', 'virtual-account-user')),
    virtual_account_id BLOB NOT NULL,
    at                 TEXT NOT NULL,
    actor              TEXT NOT NULL,
    PRIMARY KEY (account_id, user_name, role, virtual_account_id),
    FOREIGN KEY (account_id, user_name) REFERENCES users,
    CHECK ((role LIKE 'virtual-account-%') = (length(virtual_account_id) = 8))
) STRICT, WITHOUT ROWID;

CREATE TABLE products (
    account_id    BLOB NOT NULL REFERENCES accounts,
    product_id    TEXT NOT NULL CHECK (length(product_id) BETWEEN 1 AND 64),
    minimum_match INTEGER CHECK (minimum_match >= 0),
    universal_tag TEXT CHECK (length(universal_tag) BETWEEN 1 AND 64),
    PRIMARY KEY (account_id, product_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE catalogue (
    account_id BLOB NOT NULL REFERENCES accounts,
    position   INTEGER NOT NULL CHECK (position >= 0),
    tag        TEXT NOT NULL CHECK (length(tag) BETWEEN 1 AND 64),
    PRIMARY KEY (account_id, position),
    UNIQUE (account_id, tag)
) STRICT, WITHOUT ROWID;

-- Sizes at which the catalogue was published, with the digest that codes name it by.
CREATE TABLE catalogue_versions (
    account_id BLOB NOT NULL REFERENCES accounts,
    size       INTEGER NOT NULL CHECK (size >= 1),
    digest     BLOB NOT NULL CHECK (length(digest) = 4),
    PRIMARY KEY (account_id, size)
) STRICT, WITHOUT ROWID;

-- --- licences -------------------------------------------------------------------------------------

-- Licences that are alike in entitlement, term and flags; the id follows from these. Perpetual: no dates.
CREATE TABLE lots (
    account_id        BLOB NOT NULL REFERENCES accounts,
    lot_id            BLOB NOT NULL CHECK (length(lot_id) = 8),
    tag               TEXT NOT NULL CHECK (length(tag) BETWEEN 1 AND 64),
    starts            TEXT CHECK (starts IS date(starts)),
    ends              TEXT CHECK (ends IS date(ends)),
    export_controlled INTEGER NOT NULL CHECK (export_controlled IN (0, 1)),
    reporting_only    INTEGER NOT NULL CHECK (reporting_only IN (0, 1)),
    expired           INTEGER NOT NULL DEFAULT 0 CHECK (expired IN (0, 1)),
    PRIMARY KEY (account_id, lot_id),
    CHECK ((starts IS NULL) = (ends IS NULL)),
    CHECK (ends >= starts),
    CHECK (expired = 0 OR ends IS NOT NULL)
) STRICT, WITHOUT ROWID;
CREATE INDEX lots_by_tag ON lots (account_id, tag);
CREATE INDEX lots_by_end ON lots (account_id, expired, ends) WHERE ends IS NOT NULL;

-- Every account of every lot in every Virtual Account. No account is ever negative, and the books balance:
-- a statement that would break either is refused, whatever the program believes.
CREATE TABLE balances (
    account_id         BLOB NOT NULL,
    lot_id             BLOB NOT NULL,
    virtual_account_id BLOB NOT NULL,
    available          INTEGER NOT NULL DEFAULT 0 CHECK (available >= 0),
    reserved           INTEGER NOT NULL DEFAULT 0 CHECK (reserved >= 0),
    in_doubt           INTEGER NOT NULL DEFAULT 0 CHECK (in_doubt >= 0),
    failed             INTEGER NOT NULL DEFAULT 0 CHECK (failed >= 0),
    expired            INTEGER NOT NULL DEFAULT 0 CHECK (expired >= 0),
    written_off        INTEGER NOT NULL DEFAULT 0 CHECK (written_off >= 0),
    entitled           INTEGER NOT NULL DEFAULT 0 CHECK (entitled >= 0),
    shortfall          INTEGER NOT NULL DEFAULT 0 CHECK (shortfall >= 0),
    tallied            INTEGER NOT NULL DEFAULT 0 CHECK (tallied >= 0),
    PRIMARY KEY (account_id, lot_id, virtual_account_id),
    FOREIGN KEY (account_id, lot_id) REFERENCES lots,
    FOREIGN KEY (account_id, virtual_account_id) REFERENCES virtual_accounts,
    CONSTRAINT the_books_balance
        CHECK (available + reserved + in_doubt + failed + expired + written_off = entitled + shortfall)
) STRICT, WITHOUT ROWID;
CREATE INDEX balances_short ON balances (account_id) WHERE shortfall > 0;

-- --- what happened --------------------------------------------------------------------------------

CREATE TABLE events (
    account_id     BLOB NOT NULL REFERENCES accounts,
    event_id       BLOB NOT NULL CHECK (length(event_id) = 16),
    at             TEXT NOT NULL,
    actor          TEXT NOT NULL,
    kind           TEXT NOT NULL,
    subject        TEXT NOT NULL,
    reservation_id BLOB CHECK (length(reservation_id) = 32),
    detail         TEXT NOT NULL CHECK (json_valid(detail)),
    PRIMARY KEY (account_id, event_id)
) STRICT;
CREATE INDEX events_by_reservation ON events (account_id, reservation_id, event_id)
    WHERE reservation_id IS NOT NULL;

CREATE TABLE movements (
    account_id                BLOB NOT NULL,
    event_id                  BLOB NOT NULL,
    number                    INTEGER NOT NULL CHECK (number >= 0),
    lot_id                    BLOB NOT NULL,
    count                     INTEGER NOT NULL CHECK (count > 0),
    source                    TEXT NOT NULL CHECK (source IN ('available', 'reserved', 'in_doubt', 'failed',
                                  'expired', 'written_off', 'entitled', 'shortfall', 'tallied', 'unmetered')),
    target                    TEXT NOT NULL CHECK (target IN ('available', 'reserved', 'in_doubt', 'failed',
                                  'expired', 'written_off', 'entitled', 'shortfall', 'tallied', 'unmetered')),
    source_virtual_account_id BLOB NOT NULL,
    target_virtual_account_id BLOB NOT NULL,
    PRIMARY KEY (account_id, event_id, number),
    FOREIGN KEY (account_id, event_id) REFERENCES events,
    FOREIGN KEY (account_id, lot_id) REFERENCES lots,
    CHECK (source <> target OR source_virtual_account_id <> target_virtual_account_id)
) STRICT, WITHOUT ROWID;

-- Licences that were added, with the order that brought them; negative: taken back by a counter-entry.
CREATE TABLE additions (
    account_id         BLOB NOT NULL,
    event_id           BLOB NOT NULL,
    lot_id             BLOB NOT NULL,
    virtual_account_id BLOB NOT NULL,
    count              INTEGER NOT NULL CHECK (count <> 0),
    order_reference    TEXT NOT NULL,
    PRIMARY KEY (account_id, event_id, lot_id, virtual_account_id),
    FOREIGN KEY (account_id, event_id) REFERENCES events,
    FOREIGN KEY (account_id, lot_id) REFERENCES lots,
    FOREIGN KEY (account_id, virtual_account_id) REFERENCES virtual_accounts
) STRICT, WITHOUT ROWID;
CREATE INDEX additions_by_order ON additions (account_id, order_reference) WHERE order_reference <> '';

-- Texts that are agreed; another text is another version.
CREATE TABLE agreements (
    account_id BLOB NOT NULL,
    name       TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
    version    INTEGER NOT NULL CHECK (version >= 1),
    text       TEXT NOT NULL,
    at         TEXT NOT NULL,
    actor      TEXT NOT NULL,
    event_id   BLOB NOT NULL,
    PRIMARY KEY (account_id, name, version),
    FOREIGN KEY (account_id, event_id) REFERENCES events
) STRICT, WITHOUT ROWID;

CREATE TABLE acceptances (
    account_id BLOB NOT NULL,
    name       TEXT NOT NULL,
    version    INTEGER NOT NULL,
    at         TEXT NOT NULL,
    actor      TEXT NOT NULL,
    event_id   BLOB NOT NULL,
    PRIMARY KEY (account_id, name, version),
    FOREIGN KEY (account_id, name, version) REFERENCES agreements,
    FOREIGN KEY (account_id, event_id) REFERENCES events
) STRICT, WITHOUT ROWID;

-- --- reservations ---------------------------------------------------------------------------------

CREATE TABLE reservations (
    account_id         BLOB NOT NULL,
    reservation_id     BLOB NOT NULL CHECK (length(reservation_id) = 32),
    virtual_account_id BLOB NOT NULL,
    state              TEXT NOT NULL CHECK (state IN ('issued', 'active', 'updating', 'returned', 'failed',
                           'written-off')),
    product_id         TEXT NOT NULL,
    serial_number      TEXT NOT NULL,
    uuid               TEXT NOT NULL,
    device_key         BLOB NOT NULL CHECK (length(device_key) = 32),
    mode               INTEGER NOT NULL,
    members            INTEGER NOT NULL,
    required_matches   INTEGER NOT NULL,
    catalogue_size     INTEGER,
    catalogue_digest   BLOB,
    epoch              INTEGER NOT NULL,
    number             INTEGER NOT NULL CHECK (number >= 1),
    confirmed_epoch    INTEGER,
    confirmed_number   INTEGER CHECK ((confirmed_epoch IS NULL) = (confirmed_number IS NULL)),
    opened_at          TEXT NOT NULL,
    changed_at         TEXT NOT NULL,
    unconfirmed_since  TEXT,
    closed_at          TEXT,
    kept               TEXT CHECK (kept IN ('hardware-mismatch', 'below-confirmed')),
    page_key           BLOB NOT NULL CHECK (length(page_key) = 16),
    freed_on           TEXT CHECK (freed_on IS date(freed_on)),
    frees_next         TEXT CHECK (frees_next IS date(frees_next)),
    -- First of the last days of what an open one holds; and the day by which it is to be returned.
    first_end          TEXT CHECK (first_end IS date(first_end)),
    return_by          TEXT CHECK (return_by IS date(return_by)),
    -- What proves that the confirmed authorization is installed: a signature, or a short confirmation's MAC.
    grade              TEXT CHECK (grade IN ('signed', 'mac')),
    -- Short confirmations that did not fit, since the last signed one; at five that form is locked.
    wrong_tries        INTEGER NOT NULL DEFAULT 0 CHECK (wrong_tries BETWEEN 0 AND 5),
    PRIMARY KEY (account_id, reservation_id),
    -- One request cannot be reserved in two accounts.
    UNIQUE (reservation_id),
    FOREIGN KEY (account_id, virtual_account_id) REFERENCES virtual_accounts,
    CHECK ((state IN ('issued', 'active', 'updating')) = (closed_at IS NULL)),
    CHECK (frees_next IS NULL OR closed_at IS NULL),
    CHECK (first_end IS NULL OR closed_at IS NULL),
    CHECK ((grade IS NULL) = (confirmed_number IS NULL))
) STRICT;
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
    account_id     BLOB NOT NULL,
    reservation_id BLOB NOT NULL,
    epoch          INTEGER NOT NULL CHECK (epoch >= 0),
    number         INTEGER NOT NULL CHECK (number >= 1),
    lot_id         BLOB NOT NULL,
    count          INTEGER NOT NULL CHECK (count > 0),
    starts         TEXT CHECK (starts IS date(starts)),
    ends           TEXT CHECK (ends IS date(ends)),
    frees_on       TEXT CHECK (frees_on IS date(frees_on)),
    PRIMARY KEY (account_id, reservation_id, epoch, number, lot_id),
    FOREIGN KEY (account_id, reservation_id) REFERENCES reservations,
    FOREIGN KEY (account_id, lot_id) REFERENCES lots,
    CHECK ((starts IS NULL) = (ends IS NULL)),
    CHECK (ends >= starts),
    CHECK (frees_on > ends),
    CHECK (frees_on IS NULL OR ends IS NOT NULL)
) STRICT, WITHOUT ROWID;

-- What each reservation keeps of each lot; of a lot that has ended, what it would keep.
CREATE TABLE holds (
    account_id     BLOB NOT NULL,
    reservation_id BLOB NOT NULL,
    lot_id         BLOB NOT NULL,
    reserved       INTEGER NOT NULL CHECK (reserved >= 0),
    in_doubt       INTEGER NOT NULL CHECK (in_doubt >= 0),
    failed         INTEGER NOT NULL DEFAULT 0 CHECK (failed >= 0),
    written_off    INTEGER NOT NULL DEFAULT 0 CHECK (written_off >= 0),
    PRIMARY KEY (account_id, reservation_id, lot_id),
    FOREIGN KEY (account_id, reservation_id) REFERENCES reservations,
    FOREIGN KEY (account_id, lot_id) REFERENCES lots,
    CHECK (reserved + in_doubt + failed + written_off > 0)
) STRICT, WITHOUT ROWID;
CREATE INDEX holds_by_lot ON holds (account_id, lot_id, reservation_id);

-- Every code received and issued, word for word.
CREATE TABLE codes (
    account_id     BLOB NOT NULL,
    reservation_id BLOB NOT NULL,
    code_id        BLOB NOT NULL CHECK (length(code_id) = 32),
    kind           TEXT NOT NULL CHECK (kind IN ('Q', 'A', 'C', 'R', 'S')),
    code_text      TEXT NOT NULL,
    epoch          INTEGER,
    number         INTEGER,
    code_number    INTEGER,
    link           BLOB,
    at             TEXT NOT NULL,
    actor          TEXT NOT NULL,
    event_id       BLOB NOT NULL,
    PRIMARY KEY (account_id, reservation_id, code_id),
    FOREIGN KEY (account_id, reservation_id) REFERENCES reservations,
    FOREIGN KEY (account_id, event_id) REFERENCES events,
    CHECK ((kind = 'Q') = (number IS NULL)),
    CHECK ((kind IN ('A', 'S')) = (code_number IS NULL))
) STRICT;
-- No two authorizations have one place.
CREATE UNIQUE INDEX authorizations ON codes (account_id, reservation_id, epoch, number) WHERE kind = 'A';

-- Returns that came before their request: unverified, found again by their hint.
CREATE TABLE early_returns (
    account_id BLOB NOT NULL REFERENCES accounts,
    hint       BLOB NOT NULL CHECK (length(hint) = 4),
    digest     BLOB NOT NULL CHECK (length(digest) = 32),
    code_text  TEXT NOT NULL,
    at         TEXT NOT NULL,
    actor      TEXT NOT NULL,
    event_id   BLOB NOT NULL,
    PRIMARY KEY (account_id, hint, digest),
    FOREIGN KEY (account_id, event_id) REFERENCES events
) STRICT, WITHOUT ROWID;

-- --- what needs a second person -------------------------------------------------------------------

-- What one person proposed; it changes once, when another approves it or anybody rejects it.
CREATE TABLE decisions (
    account_id     BLOB NOT NULL,
    decision_id    BLOB NOT NULL,
    reservation_id BLOB NOT NULL,
    kind           TEXT NOT NULL CHECK (kind IN ('rehost', 'write-off', 'release')),
    reason         TEXT NOT NULL CHECK (length(reason) BETWEEN 1 AND 200),
    evidence       TEXT CHECK (evidence IN ('hardware', 'software', 'witness', 'none')),
    replacement_id BLOB CHECK (length(replacement_id) = 32),
    request_text   TEXT NOT NULL,
    lines          TEXT NOT NULL CHECK (json_valid(lines)),
    at             TEXT NOT NULL,
    actor          TEXT NOT NULL,
    outcome        TEXT CHECK (outcome IN ('approved', 'rejected')),
    decided_at     TEXT,
    decided_by     TEXT,
    decided_with   BLOB,
    PRIMARY KEY (account_id, decision_id),
    FOREIGN KEY (account_id, decision_id) REFERENCES events (account_id, event_id),
    FOREIGN KEY (account_id, decided_with) REFERENCES events (account_id, event_id),
    FOREIGN KEY (account_id, reservation_id) REFERENCES reservations,
    CHECK ((kind = 'rehost') = (evidence IS NOT NULL)),
    CHECK ((replacement_id IS NULL) = (request_text = '')),
    CHECK ((outcome IS NULL) = (decided_at IS NULL)),
    CHECK ((outcome IS NULL) = (decided_by IS NULL)),
    CHECK ((outcome IS NULL) = (decided_with IS NULL)),
    CONSTRAINT two_persons CHECK (outcome IS NOT 'approved' OR decided_by <> actor)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX one_pending_decision ON decisions (account_id, reservation_id) WHERE outcome IS NULL;
CREATE INDEX decisions_by_reservation ON decisions (account_id, reservation_id, decision_id);
CREATE INDEX decisions_by_time ON decisions (account_id, kind, decided_at);

-- What replacements got of the holds of failed devices: outside the equation, until the device is proved gone.
CREATE TABLE exposures (
    account_id     BLOB NOT NULL,
    reservation_id BLOB NOT NULL,
    lot_id         BLOB NOT NULL,
    event_id       BLOB NOT NULL,
    count          INTEGER NOT NULL CHECK (count > 0),
    cleared_by     BLOB,
    PRIMARY KEY (account_id, reservation_id, lot_id, event_id),
    FOREIGN KEY (account_id, reservation_id) REFERENCES reservations,
    FOREIGN KEY (account_id, lot_id) REFERENCES lots,
    FOREIGN KEY (account_id, event_id) REFERENCES events,
    FOREIGN KEY (account_id, cleared_by) REFERENCES events (account_id, event_id)
) STRICT, WITHOUT ROWID;

-- --- the log, and restores of the database --------------------------------------------------------

-- One hash over all events up to each of them, in the order in which they were recorded. A checkpoint that is
-- kept elsewhere names one of these: a database that was copied back does not have it.
CREATE TABLE chain (
    account_id BLOB NOT NULL,
    number     INTEGER NOT NULL CHECK (number >= 1),
    event_id   BLOB NOT NULL,
    hash       BLOB NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (account_id, number),
    FOREIGN KEY (account_id, event_id) REFERENCES events
) STRICT, WITHOUT ROWID;

-- Times when the database was found to be copied back, or a person said so. The quarantine lasts until one
-- person proposes to end it and another one does. No expected events: no checkpoint showed it.
CREATE TABLE restores (
    account_id      BLOB NOT NULL,
    event_id        BLOB NOT NULL,
    found_events    INTEGER NOT NULL CHECK (found_events >= 1),
    found_at        TEXT NOT NULL,
    expected_epoch  INTEGER CHECK (expected_epoch >= 0),
    expected_events INTEGER CHECK (expected_events >= 1),
    expected_hash   BLOB CHECK (length(expected_hash) = 32),
    expected_at     TEXT,
    reason          TEXT NOT NULL CHECK (length(reason) <= 200),
    proposed_with   BLOB,
    proposed_by     TEXT,
    end_reason      TEXT NOT NULL DEFAULT '' CHECK (length(end_reason) <= 200),
    ended_with      BLOB,
    ended_by        TEXT,
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
) STRICT, WITHOUT ROWID;
CREATE INDEX restores_that_last ON restores (account_id) WHERE ended_with IS NULL;

-- Codes that a person brought and that another one is needed for: unverified, found again by their hint.
CREATE TABLE kept_codes (
    account_id   BLOB NOT NULL REFERENCES accounts,
    digest       BLOB NOT NULL CHECK (length(digest) = 32),
    kind         TEXT NOT NULL CHECK (kind IN ('Q', 'A', 'C')),
    hint         BLOB NOT NULL CHECK (length(hint) IN (2, 4)),
    code_text    TEXT NOT NULL,
    at           TEXT NOT NULL,
    actor        TEXT NOT NULL,
    event_id     BLOB NOT NULL,
    settled_with BLOB,
    PRIMARY KEY (account_id, digest),
    FOREIGN KEY (account_id, event_id) REFERENCES events,
    FOREIGN KEY (account_id, settled_with) REFERENCES events (account_id, event_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX kept_codes_that_wait ON kept_codes (account_id, kind) WHERE settled_with IS NULL;

-- --- alerts ----------------------------------------------------------------------------------------

-- What stood and was worth an alert, once for each time that it did. The facts open and close it; a person only
-- acknowledges it. What it is about follows from the rest of the books.
CREATE TABLE alerts (
    account_id           BLOB NOT NULL REFERENCES accounts,
    alert_id             BLOB NOT NULL CHECK (length(alert_id) = 16),
    kind                 TEXT NOT NULL CHECK (kind IN ('insufficient', 'shortfall', 'expiring', 'expired', 'reserved-expired', 'in-doubt',
                           'return-expected', 'clone', 'rollback', 'key-changed', 'duplicate-device',
                           'quota-near')),
    key                  TEXT NOT NULL,
    round                INTEGER NOT NULL CHECK (round >= 1),
    subject              TEXT NOT NULL,
    severity             TEXT NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
    virtual_account_id   BLOB,
    since                TEXT NOT NULL,
    due                  TEXT NOT NULL CHECK (due IS date(due)),
    count                INTEGER CHECK (count >= 0),
    step                 INTEGER CHECK (step >= 0),
    lot_id               BLOB,
    reservation_id       BLOB,
    opened_at            TEXT NOT NULL,
    changed_at           TEXT NOT NULL,
    closed_at            TEXT,
    acknowledged_at      TEXT,
    acknowledged_by      TEXT,
    note                 TEXT NOT NULL DEFAULT '' CHECK (length(note) <= 200),
    acknowledged_with    BLOB,
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
) STRICT, WITHOUT ROWID;
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

CREATE TRIGGER chain_stays BEFORE UPDATE ON chain
    BEGIN SELECT raise(ABORT, 'the chain only ever grows'); END;
CREATE TRIGGER chain_remains BEFORE DELETE ON chain
    BEGIN SELECT raise(ABORT, 'the chain only ever grows'); END;
CREATE TRIGGER restores_stay BEFORE UPDATE ON restores
    WHEN OLD.ended_with IS NOT NULL
         OR (OLD.account_id, OLD.event_id, OLD.found_events, OLD.found_at, OLD.expected_epoch,
             OLD.expected_events, OLD.expected_hash, OLD.expected_at, OLD.reason)
            IS NOT (NEW.account_id, NEW.event_id, NEW.found_events, NEW.found_at, NEW.expected_epoch,
                    NEW.expected_events, NEW.expected_hash, NEW.expected_at, NEW.reason)
    BEGIN SELECT raise(ABORT, 'a restore stays as it was noticed'); END;
CREATE TRIGGER restores_remain BEFORE DELETE ON restores
    BEGIN SELECT raise(ABORT, 'restores are only ever added'); END;
CREATE TRIGGER kept_codes_stay BEFORE UPDATE ON kept_codes
    WHEN OLD.settled_with IS NOT NULL
         OR (OLD.account_id, OLD.digest, OLD.kind, OLD.hint, OLD.code_text, OLD.at, OLD.actor, OLD.event_id)
            IS NOT (NEW.account_id, NEW.digest, NEW.kind, NEW.hint, NEW.code_text, NEW.at, NEW.actor,
                    NEW.event_id)
    BEGIN SELECT raise(ABORT, 'a kept code is settled once, as it was'); END;
CREATE TRIGGER kept_codes_remain BEFORE DELETE ON kept_codes
    BEGIN SELECT raise(ABORT, 'kept codes are only ever added'); END;

CREATE TRIGGER agreements_stay BEFORE UPDATE ON agreements
    BEGIN SELECT raise(ABORT, 'a version of an agreement stays as it was added'); END;
CREATE TRIGGER agreements_remain BEFORE DELETE ON agreements
    BEGIN SELECT raise(ABORT, 'agreements are only ever added'); END;
CREATE TRIGGER acceptances_stay BEFORE UPDATE ON acceptances
    BEGIN SELECT raise(ABORT, 'an acceptance stays as it was given'); END;
CREATE TRIGGER acceptances_remain BEFORE DELETE ON acceptances
    BEGIN SELECT raise(ABORT, 'acceptances are only ever added'); END;
CREATE TRIGGER users_remain BEFORE DELETE ON users
    BEGIN SELECT raise(ABORT, 'the names of people stay'); END;
CREATE TRIGGER grants_stay BEFORE UPDATE ON grants
    BEGIN SELECT raise(ABORT, 'a role is given and taken as a whole'); END;
CREATE TRIGGER an_administrator_remains AFTER DELETE ON grants
    WHEN OLD.role = 'administrator' AND NOT EXISTS (
        SELECT 1 FROM grants WHERE account_id = OLD.account_id AND role = 'administrator')
    BEGIN SELECT raise(ABORT, 'a Smart Account has an administrator'); END;
CREATE TRIGGER movements_stay BEFORE UPDATE ON movements
    BEGIN SELECT raise(ABORT, 'movements are only ever added'); END;
CREATE TRIGGER movements_remain BEFORE DELETE ON movements
    BEGIN SELECT raise(ABORT, 'movements are only ever added'); END;
CREATE TRIGGER events_stay BEFORE UPDATE ON events
    BEGIN SELECT raise(ABORT, 'events are only ever added'); END;
CREATE TRIGGER events_remain BEFORE DELETE ON events
    BEGIN SELECT raise(ABORT, 'events are only ever added'); END;
CREATE TRIGGER codes_stay BEFORE UPDATE ON codes
    BEGIN SELECT raise(ABORT, 'codes are only ever added'); END;
CREATE TRIGGER codes_remain BEFORE DELETE ON codes
    BEGIN SELECT raise(ABORT, 'codes are only ever added'); END;
CREATE TRIGGER allocations_stay BEFORE UPDATE ON allocations
    BEGIN SELECT raise(ABORT, 'allocations are only ever added'); END;
CREATE TRIGGER allocations_remain BEFORE DELETE ON allocations
    BEGIN SELECT raise(ABORT, 'allocations are only ever added'); END;
CREATE TRIGGER additions_stay BEFORE UPDATE ON additions
    BEGIN SELECT raise(ABORT, 'additions are only ever added'); END;
CREATE TRIGGER additions_remain BEFORE DELETE ON additions
    BEGIN SELECT raise(ABORT, 'additions are only ever added'); END;
CREATE TRIGGER trusts_stay BEFORE UPDATE ON trusts
    BEGIN SELECT raise(ABORT, 'trust codes are only ever added'); END;
CREATE TRIGGER trusts_remain BEFORE DELETE ON trusts
    BEGIN SELECT raise(ABORT, 'trust codes are only ever added'); END;
CREATE TRIGGER catalogue_stays BEFORE UPDATE ON catalogue
    BEGIN SELECT raise(ABORT, 'the catalogue only ever grows'); END;
CREATE TRIGGER catalogue_remains BEFORE DELETE ON catalogue
    BEGIN SELECT raise(ABORT, 'the catalogue only ever grows'); END;
CREATE TRIGGER early_returns_stay BEFORE UPDATE ON early_returns
    BEGIN SELECT raise(ABORT, 'early returns are only ever added'); END;
CREATE TRIGGER early_returns_remain BEFORE DELETE ON early_returns
    BEGIN SELECT raise(ABORT, 'early returns are only ever added'); END;

CREATE TRIGGER decisions_stay BEFORE UPDATE ON decisions
    WHEN OLD.outcome IS NOT NULL OR NEW.outcome IS NULL
         OR (OLD.account_id, OLD.decision_id, OLD.reservation_id, OLD.kind, OLD.reason, OLD.evidence,
             OLD.replacement_id, OLD.request_text, OLD.lines, OLD.at, OLD.actor)
            IS NOT (NEW.account_id, NEW.decision_id, NEW.reservation_id, NEW.kind, NEW.reason, NEW.evidence,
                    NEW.replacement_id, NEW.request_text, NEW.lines, NEW.at, NEW.actor)
    BEGIN SELECT raise(ABORT, 'a proposal is decided once, as it was made'); END;
CREATE TRIGGER decisions_remain BEFORE DELETE ON decisions
    BEGIN SELECT raise(ABORT, 'decisions are only ever added'); END;
CREATE TRIGGER exposures_stay BEFORE UPDATE ON exposures
    WHEN OLD.cleared_by IS NOT NULL OR NEW.cleared_by IS NULL
         OR (OLD.account_id, OLD.reservation_id, OLD.lot_id, OLD.event_id, OLD.count)
            IS NOT (NEW.account_id, NEW.reservation_id, NEW.lot_id, NEW.event_id, NEW.count)
    BEGIN SELECT raise(ABORT, 'an exposure is cleared once, as it was'); END;
CREATE TRIGGER exposures_remain BEFORE DELETE ON exposures
    BEGIN SELECT raise(ABORT, 'exposures are only ever added'); END;

CREATE TRIGGER reservations_remain BEFORE DELETE ON reservations
    BEGIN SELECT raise(ABORT, 'reservations are never deleted'); END;
-- A closed reservation stays closed.
CREATE TRIGGER closed_reservations_stay_closed BEFORE UPDATE OF state ON reservations
    WHEN OLD.closed_at IS NOT NULL AND NEW.state IN ('issued', 'active', 'updating')
    BEGIN SELECT raise(ABORT, 'a closed reservation never opens again'); END;

CREATE TRIGGER alerts_remain BEFORE DELETE ON alerts
    BEGIN SELECT raise(ABORT, 'alerts are only ever closed'); END;
CREATE TRIGGER closed_alerts_stay BEFORE UPDATE ON alerts
    WHEN OLD.closed_at IS NOT NULL
    BEGIN SELECT raise(ABORT, 'a closed alert stays as it was'); END;
-- Which issuer's key signed from when on. The newest one is that of the portal's row.
CREATE TABLE issuers (
    account_id BLOB NOT NULL,
    event_id   BLOB NOT NULL,
    issuer_key BLOB NOT NULL CHECK (length(issuer_key) = 32),
    -- The trust code by which it came into use: who believes it has seen that one, or a later one.
    serial     INTEGER NOT NULL REFERENCES trusts,
    at         TEXT NOT NULL,
    actor      TEXT NOT NULL,
    PRIMARY KEY (account_id, event_id),
    FOREIGN KEY (account_id, event_id) REFERENCES events
) STRICT, WITHOUT ROWID;
CREATE TRIGGER issuers_stay BEFORE UPDATE ON issuers
    BEGIN SELECT raise(ABORT, 'the issuers that were in use stay'); END;
CREATE TRIGGER issuers_remain BEFORE DELETE ON issuers
    BEGIN SELECT raise(ABORT, 'the issuers that were in use stay'); END;

CREATE TRIGGER epochs_grow BEFORE UPDATE OF epoch ON portal
    WHEN NEW.epoch <= OLD.epoch
    BEGIN SELECT raise(ABORT, 'epochs only ever grow'); END;

-- --- the log that others can check ----------------------------------------------------------------

-- Hashes of complete subtrees of the events' Merkle tree: of each leaf (level 0), of each 256 leaves (level 1),
-- of each 65,536 (level 2), and so on. They are filled in after the events, when somebody asks for a proof.
CREATE TABLE tree_hashes (
    account_id BLOB NOT NULL REFERENCES accounts,
    level      INTEGER NOT NULL CHECK (level >= 0),
    place      INTEGER NOT NULL CHECK (place >= 0),
    hash       BLOB NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (account_id, level, place)
) STRICT, WITHOUT ROWID;

-- Checkpoints of the log that the issuer signed, for others to keep.
CREATE TABLE signed_heads (
    account_id BLOB NOT NULL REFERENCES accounts,
    number     INTEGER NOT NULL CHECK (number >= 1),
    size       INTEGER NOT NULL CHECK (size >= 0),
    root       BLOB NOT NULL CHECK (length(root) = 32),
    note       TEXT NOT NULL,
    at         TEXT NOT NULL,
    actor      TEXT NOT NULL,
    PRIMARY KEY (account_id, number)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER tree_hashes_stay BEFORE UPDATE ON tree_hashes
    BEGIN SELECT raise(ABORT, 'the tree only ever grows'); END;
CREATE TRIGGER tree_hashes_remain BEFORE DELETE ON tree_hashes
    BEGIN SELECT raise(ABORT, 'the tree only ever grows'); END;
CREATE TRIGGER signed_heads_stay BEFORE UPDATE ON signed_heads
    BEGIN SELECT raise(ABORT, 'signed checkpoints are only ever added'); END;
CREATE TRIGGER signed_heads_remain BEFORE DELETE ON signed_heads
    BEGIN SELECT raise(ABORT, 'signed checkpoints are only ever added'); END;

-- --- what the planner takes for granted -----------------------------------------------------------

-- A file holds one Smart Account, so `account_id` alone selects everything. SQLite does not know that: without
-- statistics it takes the first column of any index for a good one, and goes through whole tables. These are
-- not counted but said, once and for all, so that every file of every size is searched in the same way.
ANALYZE sqlite_schema;
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('lots', 'lots', '1000 1000 1'),
    ('lots', 'lots_by_tag', '1000 1000 5'),
    ('lots', 'lots_by_end', '500 500 250 2'),
    ('balances', 'balances', '2000 2000 2 1'),
    ('balances', 'balances_short', '2 2'),
    ('events', 'sqlite_autoindex_events_1', '3000000 3000000 1'),
    ('events', 'events_of_contradictions', '100 100 1'),
    ('events', 'events_of_refusals', '1000 1000 1'),
    ('events', 'events_of_rebuilding', '100 100 1'),
    ('events', 'events_by_reservation', '3000000 3000000 3 1'),
    ('movements', 'movements', '8000000 8000000 3 1'),
    ('additions', 'additions', '1000 1000 2 1 1'),
    ('additions', 'additions_by_order', '1000 1000 2'),
    ('reservations', 'sqlite_autoindex_reservations_1', '1000000 1000000 1'),
    ('reservations', 'sqlite_autoindex_reservations_2', '1000000 1'),
    ('reservations', 'open_reservation_of_device', '500000 500000 1 1 1'),
    ('reservations', 'reservations_of_device', '1000000 1000000 2 2 2 1'),
    ('reservations', 'reservations_by_key', '1000000 1000000 2'),
    ('reservations', 'reservations_by_page', '1000000 1000000 1'),
    ('reservations', 'reservations_by_state', '1000000 1000000 200000 1'),
    ('reservations', 'reservations_by_virtual_account', '1000000 1000000 100000 1'),
    ('reservations', 'reservations_by_virtual_account_state', '1000000 1000000 100000 20000 1'),
    ('reservations', 'reservations_in_doubt', '100000 100000 1 1'),
    ('reservations', 'reservations_kept', '100 100 1'),
    ('reservations', 'reservations_to_return', '10000 10000 10 1'),
    ('reservations', 'reservations_by_end', '500000 500000 2000 1'),
    ('reservations', 'reservations_to_free', '1000 1000 10'),
    ('allocations', 'allocations', '2000000 2000000 2 2 1 1'),
    ('holds', 'holds', '2000000 2000000 2 1'),
    ('holds', 'holds_by_lot', '2000000 2000000 2000 1'),
    ('codes', 'sqlite_autoindex_codes_1', '2500000 2500000 3 1'),
    ('codes', 'authorizations', '1200000 1200000 1 1 1'),
    ('early_returns', 'early_returns', '100 100 1 1'),
    ('decisions', 'decisions', '1000 1000 1'),
    ('decisions', 'one_pending_decision', '10 10 1'),
    ('decisions', 'decisions_by_reservation', '1000 1000 2 1'),
    ('decisions', 'decisions_by_time', '1000 1000 300 1'),
    ('chain', 'chain', '3000000 3000000 1'),
    ('alerts', 'alerts', '300000 300000 1'),
    ('alerts', 'one_open_alert', '100000 100000 10000 1'),
    ('alerts', 'alerts_closed', '200000 200000 2 1'),
    ('alerts', 'alerts_of_reservation', '300000 300000 3 1 1'),
    ('kept_codes', 'kept_codes', '100 100 1'),
    ('kept_codes', 'kept_codes_that_wait', '100 100 50');
ANALYZE sqlite_schema;
