package ical

import (
	"fmt"
	"strings"
	"time"

	lib "github.com/emersion/go-ical"
)

// windows are names of zones that Outlook and Exchange write, and what CLDR has for them.
var windows = map[string]string{
	"utc": "UTC", "coordinated universal time": "UTC", "gmt standard time": "Europe/London", "greenwich standard time": "Atlantic/Reykjavik",
	"w. europe standard time": "Europe/Berlin", "romance standard time": "Europe/Paris", "central europe standard time": "Europe/Budapest",
	"central european standard time": "Europe/Warsaw", "e. europe standard time": "Europe/Chisinau", "fle standard time": "Europe/Kiev",
	"gtb standard time": "Europe/Bucharest", "turkey standard time": "Europe/Istanbul", "russian standard time": "Europe/Moscow",
	"israel standard time": "Asia/Jerusalem", "egypt standard time": "Africa/Cairo", "south africa standard time": "Africa/Johannesburg",
	"e. africa standard time": "Africa/Nairobi", "w. central africa standard time": "Africa/Lagos", "morocco standard time": "Africa/Casablanca",
	"arab standard time": "Asia/Riyadh", "arabian standard time": "Asia/Dubai", "iran standard time": "Asia/Tehran", "pakistan standard time": "Asia/Karachi",
	"india standard time": "Asia/Calcutta", "nepal standard time": "Asia/Katmandu", "bangladesh standard time": "Asia/Dhaka",
	"se asia standard time": "Asia/Bangkok", "china standard time": "Asia/Shanghai", "singapore standard time": "Asia/Singapore",
	"taipei standard time": "Asia/Taipei", "tokyo standard time": "Asia/Tokyo", "korea standard time": "Asia/Seoul", "w. australia standard time": "Australia/Perth",
	"cen. australia standard time": "Australia/Adelaide", "aus central standard time": "Australia/Darwin", "e. australia standard time": "Australia/Brisbane",
	"aus eastern standard time": "Australia/Sydney", "tasmania standard time": "Australia/Hobart", "lord howe standard time": "Australia/Lord_Howe",
	"new zealand standard time": "Pacific/Auckland", "samoa standard time": "Pacific/Apia", "hawaiian standard time": "Pacific/Honolulu",
	"alaskan standard time": "America/Anchorage", "pacific standard time": "America/Los_Angeles", "us mountain standard time": "America/Phoenix",
	"mountain standard time": "America/Denver", "central standard time": "America/Chicago", "central america standard time": "America/Guatemala",
	"canada central standard time": "America/Regina", "eastern standard time": "America/New_York", "us eastern standard time": "America/Indianapolis",
	"atlantic standard time": "America/Halifax", "newfoundland standard time": "America/St_Johns", "sa pacific standard time": "America/Bogota",
	"sa western standard time": "America/La_Paz", "sa eastern standard time": "America/Cayenne", "pacific sa standard time": "America/Santiago",
	"e. south america standard time": "America/Sao_Paulo", "argentina standard time": "America/Buenos_Aires", "venezuela standard time": "America/Caracas",
	"azores standard time": "Atlantic/Azores", "cape verde standard time": "Atlantic/Cape_Verde",
}

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
