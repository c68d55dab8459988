"""What each field of a code says, and what it can and cannot reveal: for whoever decides what may leave.

One table, by the path of a field in the values of `codec.codes`; a path means the same in every kind. A field
that is missing here is shown all the same, as one that nobody described (and a test fails).
"""

from dataclasses import dataclass

from codec.codes import Kind


@dataclass(frozen=True, slots=True)
class Meaning:
    """One field, for a reader who knows neither licences nor cryptography.

    Attributes:
        label: What people call it.
        says: What it says, and to whom.
        reveals: What somebody who sees it learns, and what nobody can learn from it.
    """

    label: str
    says: str
    reveals: str


UNDESCRIBED = Meaning(
    "A field that is not described",
    "This version does not know what it is for.",
    "Unknown. Do not let it leave before its meaning is clear.",
)

_SEQUENCE_EPOCH = Meaning(
    "Portal's epoch",
    "How often the portal's books were restored from a backup before that.",
    "Something about the portal, nothing about the device.",
)
_TAG = Meaning(
    "tag",
    "Which entitlement: spelled, or as #N, its place in the catalogue named above or in the request.",
    "Which function of the product is meant. The catalogue tells what a number stands for.",
)
_COUNT = Meaning("count", "How many of it.", "How much of that function is used or wished for.")

MEANINGS = {
    # --- request ---
    "udi.product_id": Meaning(
        "Product id",
        "The model of the device, as it was entered at its set-up.",
        "Which product stands here. Plain text, as it was typed: nothing else can be read out of it.",
    ),
    "udi.serial_number": Meaning(
        "Serial number",
        "The serial number of the device, as it was entered at its set-up.",
        "Which single device this is. Whoever has the maker's lists can tell to whom it was sold.",
    ),
    "udi.uuid": Meaning(
        "UUID",
        "Tells virtual devices of one serial number apart; entered at the set-up, or absent.",
        "Which single device this is. One of the time-based versions also tells when and where it was made.",
    ),
    "device_key": Meaning(
        "Device key",
        "The public half of a random key pair, made at the set-up for this purpose alone.",
        "That codes with this key come from one device. The private half, which stays on the device, cannot "
        "be computed from it, and the key is made from no property of the device.",
    ),
    "sketch.components": Meaning(
        "component hashes",
        "One 24-bit hash for each hardware component that the licences are tied to (at most five of: machine "
        "id, board serial, disks, network cards, CPU). Made with a random key of 256 bits, new each time.",
        "How many components were read. The random key never leaves the device, so no component can be "
        "computed, guessed or tried out from these hashes; those of two requests have nothing in common.",
    ),
    "sketch.required": Meaning(
        "must match",
        "How many of these components must stay the same, for the licences to be used.",
        "A rule of the licence, nothing about the hardware.",
    ),
    "mode": Meaning(
        "Asks for",
        "Named entitlements (specific), or everything that the product has (universal).",
        "The same, and no more.",
    ),
    "wanted.tag": _TAG,
    "wanted.count": _COUNT,
    "members": Meaning(
        "Members",
        "How many devices of one stack share this request.",
        "The size of the stack.",
    ),
    "catalogue.size": Meaning(
        "tags",
        "How many tags of the catalogue of entitlements the device knows.",
        "How new the device's catalogue is.",
    ),
    "catalogue.digest": Meaning(
        "digest",
        "The first 4 bytes of the SHA-256 of that catalogue.",
        "Which catalogue it is, to whoever has it. A catalogue is a list of products, not of this site.",
    ),
    "code_number": Meaning(
        "Code number",
        "The place of this code among all that this device has made, from 1.",
        "How many codes the device has made so far. A missing number shows that a code was not handed over.",
    ),
    "device_time": Meaning(
        "Device's clock",
        "When the code was made, to the minute, by the clock of the device, in UTC.",
        "That time, and how far the clock of the device is off.",
    ),
    "journal_link": Meaning(
        "Journal link",
        "4 bytes that chain this code to the one before: the beginning of a SHA-256 over earlier codes.",
        "Whether codes that were handed over before belong to one unbroken history: a device that was copied "
        "or set back is found by it. It holds nothing but what those codes held.",
    ),
    # --- authorization ---
    "issuer_hint": Meaning(
        "Issuer hint",
        "The first byte of the SHA-256 of the portal's public key.",
        "Nothing about the device.",
    ),
    "request_hint": Meaning(
        "Request hint",
        "The first bytes of the id of the request that this code belongs to: a SHA-256 of what was in it.",
        "To which request it belongs, for whoever has that. The request cannot be computed from it.",
    ),
    "issued_at": Meaning(
        "Issued at",
        "When the portal made this code, to the minute, in UTC.",
        "That time.",
    ),
    "sequence.epoch": _SEQUENCE_EPOCH,
    "sequence.number": Meaning(
        "Number of the authorization",
        "Which authorization of its reservation: 1 for the first, one more for each update.",
        "How often the reservation was changed.",
    ),
    "lines.tag": _TAG,
    "lines.count": Meaning("count", "How many of it the device may use.", "What was bought for this device."),
    "lines.term.start": Meaning(
        "first day", "The first day of use, in UTC; none: from the installation on.", "When a licence begins."
    ),
    "lines.term.end": Meaning(
        "last day", "The last day of use, in UTC; none: for ever.", "When a licence ends."
    ),
    "lines.export_controlled": Meaning(
        "export-controlled", "Whether rules for export apply to this line.", "That rule of the licence."
    ),
    "lines.reporting_only": Meaning(
        "reporting-only",
        "Whether this line is only counted, and never runs out.",
        "That rule of the licence.",
    ),
    # --- return ---
    "last_sequence.epoch": _SEQUENCE_EPOCH,
    "last_sequence.number": Meaning(
        "Last authorization",
        "The last authorization that was installed for this request; 0: none ever was.",
        "Whether and how far the licences of this request were in use.",
    ),
    "reason": Meaning(
        "Reason",
        "Why the licences are given back, one of seven words, chosen by whoever typed the command.",
        "That word.",
    ),
    "evidence": Meaning(
        "Evidence",
        "Where the device keeps its key, as it says itself: in a file or in hardware.",
        "That statement.",
    ),
    "hardware_mismatch": Meaning(
        "Hardware changed",
        "Whether the hardware is another one than in the request.",
        "Yes or no. Not which component, and not what it is.",
    ),
    # --- trust ---
    "serial": Meaning(
        "Serial", "Number of this trust code; newer ones have higher numbers.", "Nothing about the device."
    ),
    "portal_id": Meaning("Portal id", "A random number that names the portal.", "Which portal it is."),
    "issuers.key": Meaning(
        "key", "A public key of the portal, to be believed.", "Nothing secret: it is public."
    ),
    "issuers.valid_from": Meaning(
        "first day", "The first day of issue for which it is believed, in UTC.", "When that key began."
    ),
    "issuers.valid_until": Meaning(
        "last day",
        "The last day of issue for which it is believed; none: without end.",
        "When that key ends.",
    ),
    "revoked": Meaning(
        "Revoked keys",
        "Keys of the portal that are believed no more, by the first 8 bytes of their SHA-256.",
        "That these keys were given up.",
    ),
    "next_root": Meaning(
        "Next root", "The public key that may sign the trust codes to come.", "Nothing secret: it is public."
    ),
    # --- what every code has around its fields ---
    "(kind)": Meaning(
        "Kind and version",
        "The first byte: which kind of code, and version 1 of the format.",
        "The same, and no more. It has one value for each kind.",
    ),
    "(extension)": Meaning(
        "Extension",
        "That nothing follows which this version does not know.",
        "Nothing. A code that carries more is refused, and this sheet would not exist.",
    ),
    "(signature)": Meaning(
        "Signature",
        "64 bytes of Ed25519 (RFC 8032) over all of the above, and over what the reader knows already.",
        "Who has the public key sees that the code is unchanged. The private key cannot be computed from it. "
        "This program computes it from the content and the key alone, without chance.",
    ),
    "(parity)": Meaning(
        "Parity",
        "16 characters from which up to four mistyped ones are found. Not signed.",
        "Nothing: it is computed from the rest of the code, and was compared with it for this sheet.",
    ),
}

TOGETHER = {
    "sketch": "Hardware sketch",
    "catalogue": "Catalogue",
    "wanted": "Wanted",
    "lines": "Lines",
    "issuers": "Issuers",
}
"""What people call fields that are encoded together, by their common path."""

ABOUT = {
    Kind.REQUEST: "A request: from the device to the portal. It asks for licences.",
    Kind.AUTHORIZATION: "An authorization: from the portal to the device. It says what the device may use.",
    Kind.CONFIRMATION: "A confirmation: from the device to the portal. It says what is installed.",
    Kind.RETURN: "A return: from the device to the portal. It gives licences back, for good.",
    Kind.TRUST: "A trust code: from the vendor to the device. It says which portal keys to believe.",
}

ABSENT = (
    "There is no other field. A code has one form, and this program reads no other. So it holds no name of a "
    "user or a machine, no address, no configuration, no logs, no traffic, no free text but the quoted texts "
    "above, no private key, and nothing that was not entered for licensing or made for it."
)

UNSEEN = (
    "This sheet shows what is in the code, and not which program made it. A program that was tampered with "
    "could choose what looks like chance here (keys, hashes, links, signature) to hide something in it; "
    "no look at a code can tell. Which program runs inside is for you to know."
)
