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

function check(is: boolean, what: string): void {
    if (!is) throw new Error(what);
}

// The type of an event's data goes by its kind.
const message = MessageUpdatesFromJSON(read("message")).items[0];
check(message.kind === "message" && MessageFromJSON(message.data).msg === "Hello", "it is a message");
const reaction = ReactionUpdatesFromJSON(read("reaction")).items[0];
check(reaction.kind === "reaction" && ReactionFromJSON(reaction.data).reactionType === "ok", "it is a reaction");
const location_ = LocationUpdatesFromJSON(read("location")).items[0];
check(location_.kind === "location" && LiveLocationUpdateFromJSON(location_.data).lat === 1, "it is a location");
for (const batch of [MessageUpdatesFromJSON, ReactionUpdatesFromJSON, LocationUpdatesFromJSON]) {
    const event = batch(read("unknown")).items[0];
    check(event.kind === "weather" && Array.isArray(event.data), "it is of a kind to come");
}
