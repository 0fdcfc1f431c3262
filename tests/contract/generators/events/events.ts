// Decodes one batch of each feed with the generated types.
declare const process: { env: Record<string, string> };
declare function require(name: string): any;

import {
    LiveLocationUpdateFromJSON,
    LocationUpdatesFromJSON,
    MessageFromJSON,
    MessageUpdatesFromJSON,
    ReactionFromJSON,
    ReactionUpdatesFromJSON,
} from "./index";

function read(kind: string): any {
    return JSON.parse(require("fs").readFileSync(`${process.env.EVENTS}/${kind}.json`, "utf8"));
}

function check(holds: boolean, expectation: string): void {
    if (!holds) throw new Error(expectation);
}

// The data of an event is decoded as the type for its kind.
const message = MessageUpdatesFromJSON(read("message")).items[0];
check(message.kind === "message" && MessageFromJSON(message.data).msg === "Hello", "the event is a message");
const reaction = ReactionUpdatesFromJSON(read("reaction")).items[0];
check(reaction.kind === "reaction" && ReactionFromJSON(reaction.data).reactionType === "ok", "the event is a reaction");
const location_ = LocationUpdatesFromJSON(read("location")).items[0];
check(location_.kind === "location" && LiveLocationUpdateFromJSON(location_.data).lat === 1, "the event is a location");
for (const batch of [MessageUpdatesFromJSON, ReactionUpdatesFromJSON, LocationUpdatesFromJSON]) {
    const event = batch(read("unknown")).items[0];
    check(event.kind === "weather" && Array.isArray(event.data), "the event is of an unknown kind");
}
