package haproxy

// recall fills in who is at servers where HAProxy's map does not say it any more, because somebody has written
// the map by hand: from what this router saw last, or else from the table that was routed last. Otherwise what
// instances work on that leave would be nobody's, and they would be stopped. The next table brings it back into
// the map.
func (m *mover) recall(c scene, last record) {
	for _, s := range c.states.servers {
		who, known := c.tenants[s.place]
		switch {
		case s.maint():
			delete(m.seen, s.place)
			continue
		case known:
			m.seen[s.place] = who
			continue
		}
		who, known = m.seen[s.place]
		if !known || !who.at(s) {
			who, known = last.at(s)
		}
		if known {
			m.log.Warn("somebody else has taken out of HAProxy's map who is at a server", "server", s.place, "instance", who.id)
			c.tenants[s.place] = who
		}
	}
}

// at is who is at a server by its address, as it was routed last.
func (r record) at(s server) (tenant, bool) {
	for _, route := range r.Table.Routes {
		for _, b := range route.Backends {
			if who := (tenant{b.ID, b.Addr, route.Pool}); who.at(s) {
				return who, true
			}
		}
	}
	return tenant{}, false
}
