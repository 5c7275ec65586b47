"""Finding, masking and unmasking personal data.

`find_personal_data` says where it is (English and German, written or spoken), `mask` puts placeholders in its place,
`unmask` takes them out again; `StreamMasker` and `StreamUnmasker` do the same over deltas. The first call to find
builds the recognisers (about a second); importing the room builds nothing. Nothing here touches the network.
"""

from parley.privacy.entities import Entity
from parley.privacy.find import find_personal_data
from parley.privacy.placeholders import MaskedText, PlaceholderMap, StreamMasker, StreamUnmasker, mask, unmask

__all__ = [
    "Entity",
    "MaskedText",
    "PlaceholderMap",
    "StreamMasker",
    "StreamUnmasker",
    "find_personal_data",
    "mask",
    "unmask",
]
