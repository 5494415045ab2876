"""What streams say about themselves: their headers, and where the gaze is in them."""

from emer_studio.schema.gaze_layouts import (
    GazeLayout,
    LayoutRow,
    describe,
    gaze_layout,
    layout_facts,
    mapping_signature,
    recognise,
)
from emer_studio.schema.gaze_values import value_doubts
from emer_studio.schema.stream_header import Channel, StreamHeader, parse_header

__all__ = [
    "Channel",
    "GazeLayout",
    "LayoutRow",
    "StreamHeader",
    "describe",
    "gaze_layout",
    "layout_facts",
    "mapping_signature",
    "parse_header",
    "recognise",
    "value_doubts",
]
