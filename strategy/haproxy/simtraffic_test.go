package haproxy_test

import (
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"
)

// simRequest is a request, and what HAProxy thinks of it.
type simRequest struct {
	header map[string][]string // by lower-case name
	cookie map[string][]string
	// place is what rand answers; below zero: it is random.
	place int
	// between is called between any two rules. Optional.
	between func()

	vars     map[string]string
	response []string // Set-Cookie
}

// errDenied is the answer of a configuration that has nobody for a request.
type errDenied struct{ status string }

func (e errDenied) Error() string { return "denied with " + e.status }

// route walks the lines of a frontend as HAProxy does, and tells the backend. The map is looked up at
// each line as it is then.
func (s *simulator) route(r *simRequest) (backend string, err error) {
	r.vars = map[string]string{}
	for _, words := range s.lines() {
		if r.between != nil {
			r.between()
		}
		action, condition := words, []string(nil)
		if i := slices.Index(words, "if"); i >= 0 {
			action, condition = words[:i], words[i+1:]
		}
		if !s.holds(r, condition) {
			continue
		}
		switch {
		case action[0] == "use_backend":
			name, _ := strings.CutPrefix(action[1], "%[var(")
			return r.vars[strings.TrimSuffix(name, ")]")], nil
		case action[1] == "deny":
			return "", errDenied{action[3]}
		case action[1] == "add-header":
			value, found := strings.CutPrefix(action[3], `"`)
			if !found {
				panic(words)
			}
			for name, v := range r.vars {
				value = strings.ReplaceAll(value, "%[var("+name+")]", v)
			}
			r.response = append(r.response, strings.TrimSuffix(value, `"`))
		case strings.HasPrefix(action[1], "set-var("):
			name := strings.TrimSuffix(strings.TrimPrefix(action[1], "set-var("), ")")
			if values := s.value(r, action[2]); len(values) > 0 {
				r.vars[name] = values[len(values)-1] // the last occurrence, as HAProxy does outside of conditions
			}
		default:
			panic(fmt.Sprint("the simulator does not know: ", words))
		}
	}
	return "", errDenied{"no backend"}
}

// lines are those of the frontend, taken apart.
func (s *simulator) lines() [][]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.parsed == nil {
		for line := range strings.Lines(s.frontend) {
			words := tokens(strings.TrimSpace(line))
			if len(words) > 0 && !strings.HasPrefix(words[0], "#") && words[0] != "option" && words[0] != "log" && words[0] != "log-format" {
				s.parsed = append(s.parsed, words)
			}
		}
	}
	return s.parsed
}

// tokens are the words of a line; quotes hold words together.
func tokens(line string) []string {
	var words []string
	quoted, word := false, ""
	for _, c := range line {
		switch {
		case c == '"':
			quoted = !quoted
			word += `"`
		case c == ' ' && !quoted:
			if word != "" {
				words = append(words, word)
			}
			word = ""
		default:
			word += string(c)
		}
	}
	if word != "" {
		words = append(words, word)
	}
	return words
}

// holds reports whether all of the conditions in braces are met.
func (s *simulator) holds(r *simRequest, words []string) bool {
	for len(words) > 0 {
		open := words[0]
		end := slices.Index(words, "}")
		met := s.met(r, words[1:end])
		if met == (open == "!{") {
			return false
		}
		words = words[end+1:]
	}
	return true
}

// met reports whether any occurrence of what is looked at fits.
func (s *simulator) met(r *simRequest, c []string) bool {
	if len(c) == 1 && c[0] == "ssl_fc" {
		return false
	}
	for _, v := range s.value(r, c[0]) {
		rest := strings.Join(c[1:], " ")
		n, err := strconv.Atoi(v)
		switch {
		case rest == "-m found", rest == "-m bool" && (v == "1" || v == "true"),
			rest == "-m len gt 0" && v != "", rest == "lt 0" && err == nil && n < 0, rest == "ge 0" && err == nil && n >= 0:
			return true
		case strings.HasPrefix(rest, "-m str -- ") && v == strings.TrimPrefix(rest, "-m str -- "):
			return true
		case strings.HasPrefix(rest, "-m str ") && v == strings.TrimPrefix(rest, "-m str "):
			return true
		case strings.HasPrefix(rest, "-m beg ") && strings.HasPrefix(v, strings.TrimPrefix(rest, "-m beg ")):
			return true
		}
	}
	return false
}

// value is what an expression gives: none, one, or one for each occurrence.
func (s *simulator) value(r *simRequest, expression string) []string {
	steps := outerCommas(expression)
	name, args := call(steps[0])
	var values []string
	switch name {
	case "str":
		values = []string{args[0]}
	case "bool":
		values = []string{"1"}
	case "var":
		if v, ok := r.vars[args[0]]; ok {
			values = []string{v}
		}
	case "req.fhdr":
		values = r.header[args[0]]
	case "req.cook":
		values = r.cookie[args[0]]
	case "uuid":
		values = []string{fmt.Sprintf("%08x-%08x", rand.Uint32(), rand.Uint32())}
	case "rand":
		n, _ := strconv.Atoi(args[0])
		place := r.place
		if place < 0 {
			place = rand.IntN(n)
		}
		values = []string{strconv.Itoa(place)}
	default:
		panic("the simulator does not know the fetch " + expression)
	}
	for _, step := range steps[1:] {
		var next []string
		for _, v := range values {
			if v, ok := s.convert(r, step, v); ok {
				next = append(next, v)
			}
		}
		values = next
	}
	return values
}

func (s *simulator) convert(r *simRequest, step, v string) (string, bool) {
	name, args := call(step)
	number := func(text string) int { n, _ := strconv.Atoi(text); return n }
	switch name {
	case "map":
		if args[0] != s.mapFile {
			return "", false
		}
		found, ok := s.lookup(v)
		if !ok && len(args) > 1 {
			return args[1], true
		}
		return found, ok
	case "field":
		fields := strings.Split(v, args[1])
		i := number(args[0]) - 1
		if i >= len(fields) {
			return "", false
		}
		return fields[i], true
	case "hex":
		return strings.ToUpper(hex.EncodeToString([]byte(v))), true
	case "concat":
		return v + args[0] + r.vars[args[1]], true
	case "xxh32":
		h := fnv.New32a()
		h.Write([]byte(v))
		return strconv.Itoa(int(h.Sum32())), true
	case "mod":
		return strconv.Itoa(number(v) % number(args[0])), true
	case "sub":
		return strconv.Itoa(number(v) - number(r.vars[args[0]])), true
	}
	panic("the simulator does not know the converter " + step)
}

// call takes name(a,b) apart.
func call(text string) (name string, args []string) {
	name, inner, ok := strings.Cut(text, "(")
	if !ok {
		return name, nil
	}
	return name, strings.Split(strings.TrimSuffix(inner, ")"), ",")
}

// outerCommas cuts at the commas that are in no parentheses.
func outerCommas(text string) []string {
	var parts []string
	depth, from := 0, 0
	for i, c := range text {
		switch c {
		case '(':
			depth++
		case ')':
			depth--
		case ',':
			if depth == 0 {
				parts = append(parts, text[from:i])
				from = i + 1
			}
		}
	}
	return append(parts, text[from:])
}

// pick is the server of a backend that gets the next request: by weight, among those that are ready
// and up.
func (w *worker) pick(backend string, turn int) *simServer {
	var fit []*simServer
	for _, o := range w.servers {
		if o.backend == backend && o.admin&(fmaint|fdrain) == 0 && o.op != 0 {
			for range o.uweight {
				fit = append(fit, o)
			}
		}
	}
	if len(fit) == 0 {
		return nil
	}
	return fit[turn%len(fit)]
}

// answer is one request through the whole of the simulator: it is logged and counted.
func (s *simulator) answer(r *simRequest, status int, took time.Duration, at time.Time) (*simServer, error) {
	backend, err := "", error(nil)
	if s.mapFile != "" {
		backend, err = s.route(r)
	} else {
		backend = s.backends[0].name
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	w := s.current
	if err != nil {
		return nil, err
	}
	o := w.pick(backend, rand.IntN(1<<20))
	name, pool := "<NOSRV>", "-"
	if p, ok := r.vars["txn.shop_pool"]; ok {
		pool = p
	}
	if o == nil {
		status, err = 503, errDenied{"503"}
		w.backend[backend].answers[5]++
	} else {
		name = o.name
		o.total++
		o.answers[status/100]++
	}
	w.backend[backend].total++
	w.requests++
	w.say(fmt.Sprintf("davit:1 shop %d %d %d %d %s %s %s %d ---- %d", w.pid, w.requests, w.logged, at.UnixMilli(), pool, backend, name, status, took.Milliseconds()))
	w.logged++
	return o, err
}

// say writes a line into the ring. The caller holds the simulator's mu.
func (w *worker) say(line string) {
	w.log = append(w.log, line)
	for _, c := range w.watch {
		c <- line
	}
}
