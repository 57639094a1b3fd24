package ical

import (
	"fmt"
	"strings"
	"time"

	lib "github.com/emersion/go-ical"
)

// zones finds the zone that a TZID means.
type zones struct {
	options Options
	located map[string]string // X-LIC-LOCATION by TZID
	found   map[string]place  // by TZID, so that each is looked for once
}

// place is a zone, and its name in the IANA database.
type place struct {
	name     string
	location *time.Location
}

func (z zones) learn(component *lib.Component) {
	id, place := component.Props.Get(lib.PropTimezoneID), component.Props.Get("X-LIC-LOCATION")
	if id != nil && place != nil {
		z.located[id.Value] = place.Value
		delete(z.found, id.Value)
	}
}

// find is the name in the IANA database, and the zone.
func (z zones) find(id string) (string, *time.Location, error) {
	id = strings.Trim(id, `"`)
	if p, ok := z.found[id]; ok {
		return p.name, p.location, nil
	}
	candidates := []string{z.options.Names[id], id, windows[strings.ToLower(id)], z.located[id]}
	for parts := strings.Split(strings.Trim(id, "/"), "/"); len(parts) > 1; parts = parts[1:] {
		candidates = append(candidates, strings.Join(parts, "/"))
	}
	for _, name := range candidates {
		if name == "" || name == "Local" {
			continue
		}
		if name == "UTC" {
			return name, time.UTC, nil
		}
		if z.options.Zones == nil {
			return "", nil, fmt.Errorf("the zone %q cannot be looked up: Options.Zones is nil; give it time.LoadLocation", id)
		}
		if location, err := z.options.Zones(name); err == nil && location != nil {
			z.found[id] = place{name, location}
			return name, location, nil
		}
	}
	return "", nil, fmt.Errorf("the zone %q is unknown: say in Options.Names which one it is", id)
}
