package local

import (
	"crypto/rand"
	"math"
	"net/http"
)

// clientKey is what tells the client of a request apart: the sticky header, or else the sticky
// cookie. A client that has neither gets a fresh key, which is to be set as its cookie.
func (r *Router) clientKey(req *http.Request) (key string, fresh bool) {
	if r.opts.StickyHeader != "" {
		if v := req.Header[r.opts.StickyHeader]; len(v) > 0 && v[0] != "" {
			return v[0], false
		}
	}
	if c, err := req.Cookie(r.opts.StickyCookie); err == nil && c.Value != "" {
		return c.Value, false
	}
	return rand.Text(), true
}

// keyCookie hands a fresh key to its client.
func (r *Router) keyCookie(key string, secure bool) string {
	c := http.Cookie{
		Name:     r.opts.StickyCookie,
		Value:    key,
		Path:     r.opts.StickyPath,
		MaxAge:   int(r.opts.StickyTTL.Seconds()),
		Secure:   secure,
		HttpOnly: true,
		SameSite: http.SameSiteLaxMode,
	}
	return c.String()
}

// home is the group that a client belongs to, by weighted rendezvous hashing (Schindelhauer,
// Schomaker: Weighted distributed hash tables, 2005): each group scores -share/ln(u), where u is a
// number between 0 and 1 that the client's key and the group's pool alone decide, and the highest
// score wins. A group wins with the probability of its share. When shares move, a client moves only
// to a group that has grown more than its own, in proportion: between two groups that is the least
// that can move.
func home(groups []*routeGroup, key string) *routeGroup {
	var best *routeGroup
	top := math.Inf(-1)
	client := hash(key)
	for _, g := range groups {
		if score := -float64(g.weight) / math.Log(unit(mix(client^g.hash))); score > top {
			best, top = g, score
		}
	}
	return best
}

// hash is FNV-1a with a finalizer. It has no seed: a client must find its group again after a
// restart, and on another router.
func hash(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return mix(h)
}

// unit maps a hash to a number strictly between 0 and 1. It keeps 52 bits, because the half that is
// added would round the highest number of 53 bits up to 1.
func unit(h uint64) float64 { return (float64(h>>12) + 0.5) / (1 << 52) }
