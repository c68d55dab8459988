"""The first day of a device: its key and its first state.

The key is written last. A state without a key, and with an empty journal, is an initialisation that was cut
off, and is done again. A key without a state is a state that somebody removed, and is refused: the journal is
gone, and a device that starts to count anew looks like a clone.
"""

from codec.catalogue import Catalogue
from codec.codes import Udi
from codec.keys import SigningKey
from reservation import trustfile
from reservation.device.folder import Folder
from reservation.device.nodelock import NodeLock
from reservation.device.state import State
from reservation.device.stateform import parse, render
from reservation.errors import AlreadyInitialisedError, StorageError, TrustFileError

SEED_BYTES = 32


def begin(
    folder: Folder,
    *,
    udi: Udi,
    trust_file: str,
    catalogue: Catalogue,
    lock: NodeLock,
    matches_asked: int | None,
    key: SigningKey,
) -> None:
    """Write key and state of a new device.

    Raises:
        TrustFileError: When the trust file cannot be used, or is damaged.
        AlreadyInitialisedError: When the folder holds a device.
        NotInitialisedError: When it holds a device key whose state was removed.
        StateDamagedError: When it holds a damaged state.
        StorageError: When it cannot be written.
    """
    trusted = _whole_trust_file(trust_file)
    state = State(
        udi=udi,
        device_key=key.verifying_key.raw,
        lock=lock,
        matches_asked=matches_asked,
        root=trusted.root.raw,
        trust=trusted.trust.code.text,
        catalogue=catalogue.tags,
    )
    made = folder.create()
    try:
        with folder.locked():
            _require_unused(folder)
            try:
                folder.write_state(render(state))
                folder.write_key(key)
            except StorageError:
                folder.abandon()
                raise
    except StorageError:
        folder.remove(made)
        raise


def _whole_trust_file(text: str) -> trustfile.TrustFile:
    trusted = trustfile.parse(text)
    if trusted.trust.repairs:
        raise TrustFileError(
            f"The trust code in this file is damaged ({'; '.join(map(str, trusted.trust.repairs))}).",
            hint="Get the file again from the portal: what a device pins must be whole.",
        )
    return trusted


def _require_unused(folder: Folder) -> None:
    if not folder.has_state and not folder.has_key:
        return
    state = parse(folder.read_state())
    if folder.has_key or state.journal:
        raise AlreadyInitialisedError(
            f"{folder.home} holds the device {state.udi} already.",
            hint="Use it as it is (tallystick device status), or name another folder by TALLYSTICK_HOME.",
        )
