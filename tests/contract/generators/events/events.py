"""Decodes one batch of each feed with the generated types."""

import json
import os
import pathlib

from python.models import LocationEvent, LocationUpdates, MessageEvent, MessageUpdates
from python.models import ReactionEvent, ReactionUpdates, UnknownEvent


def read(kind, batch):
    text = pathlib.Path(os.environ["EVENTS"], kind + ".json").read_text()
    return batch.from_dict(json.loads(text)).items[0]


message = read("message", MessageUpdates)
assert isinstance(message, MessageEvent) and message.data.msg == "Hello", message
reaction = read("reaction", ReactionUpdates)
assert isinstance(reaction, ReactionEvent) and reaction.data.reaction_type == "ok", reaction
location = read("location", LocationUpdates)
assert isinstance(location, LocationEvent) and location.data.lat == 1.0, location
for batch in (MessageUpdates, ReactionUpdates, LocationUpdates):
    event = read("unknown", batch)
    assert isinstance(event, UnknownEvent) and event.kind == "weather" and event.data == ["rain", 3], event
