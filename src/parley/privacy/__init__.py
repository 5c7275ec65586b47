"""Finding, masking and unmasking personal data, and the vault that remembers what was masked.

Owns what counts as personal data, the placeholders of a conversation (`Masking`), their sealed values (`Vaults`) and
how a person is recognised (`Subject`). Refuses to know where texts come from: `conversations` passes what it stores and
sends through a `Masking`. `find_personal_data` says where it is (English and German, written or spoken), `mask` puts
placeholders in its place, `unmask` takes them out again; `StreamMasker` and `StreamUnmasker` do the same over deltas.
The first call to find builds the recognisers (about a second); importing the room builds nothing.
"""

from parley.privacy.entities import Entity
from parley.privacy.find import find_personal_data
from parley.privacy.masking import Masking, Mode, has_placeholder
from parley.privacy.placeholders import MaskedText, PlaceholderMap, StreamMasker, StreamUnmasker, mask, unmask
from parley.privacy.routes import router as privacy_routes
from parley.privacy.subject import ERASED, Subject, SubjectKind, subject_of
from parley.privacy.vault import Busy, VaultFind, Vaults

__all__ = [
    "ERASED",
    "Busy",
    "Entity",
    "MaskedText",
    "Masking",
    "Mode",
    "PlaceholderMap",
    "StreamMasker",
    "StreamUnmasker",
    "Subject",
    "SubjectKind",
    "VaultFind",
    "Vaults",
    "find_personal_data",
    "has_placeholder",
    "mask",
    "privacy_routes",
    "subject_of",
    "unmask",
]
