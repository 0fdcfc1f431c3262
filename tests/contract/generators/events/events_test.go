package openapi

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

func read(t *testing.T, kind string, batch any) {
	text, err := os.ReadFile(filepath.Join(os.Getenv("EVENTS"), kind+".json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, batch); err != nil {
		t.Fatalf("%s: %v", kind, err)
	}
}

func TestEvents(t *testing.T) {
	var messages MessageUpdates
	read(t, "message", &messages)
	if event := messages.Items[0].MessageEvent; event == nil || event.Kind != "message" || event.Data.GetMsg() != "Hello" {
		t.Errorf("want a message: %+v", messages.Items[0])
	}
	var reactions ReactionUpdates
	read(t, "reaction", &reactions)
	if event := reactions.Items[0].ReactionEvent; event == nil || event.Kind != "reaction" || event.Data.ReactionType != "ok" {
		t.Errorf("want a reaction: %+v", reactions.Items[0])
	}
	var locations LocationUpdates
	read(t, "location", &locations)
	if event := locations.Items[0].LocationEvent; event == nil || event.Kind != "location" || event.Data.Lat != 1 {
		t.Errorf("want a location: %+v", locations.Items[0])
	}
	read(t, "unknown", &messages)
	read(t, "unknown", &reactions)
	read(t, "unknown", &locations)
	for _, event := range []*UnknownEvent{
		messages.Items[0].UnknownEvent, reactions.Items[0].UnknownEvent, locations.Items[0].UnknownEvent,
	} {
		if event == nil || event.Kind != "weather" || event.Data == nil {
			t.Errorf("want an event of an unknown kind: %+v", event)
		}
	}
}
