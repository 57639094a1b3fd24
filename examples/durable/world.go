package main

import (
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// world is what lies outside of all hosts: the database with the orders, what the regions show, and a
// checker that asks the shop for prices as a customer would. It counts what it is asked for.
type world struct {
	server *http.Server
	addr   string
	ended  chan error

	mu      sync.Mutex
	orders  []int // what customers have paid, one a batch
	unit    string
	regions map[string]string
	fences  map[string]uint64 // the highest that came, by release
	asked   map[string]int    // by release, what was asked for, and token
	changed map[string]int    // the same, as far as it changed something
	trap    string            // the next request of which something happens
	sprung  func()
}

// paid is what the orders are before the migration, in euros.
func paid() []int { return []int{2, 3, 4, 5, 7, 9} }

func openWorld() (*world, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	w := &world{
		addr: listener.Addr().String(), ended: make(chan error, 1),
		orders: paid(), unit: "euros", regions: map[string]string{"eu": "1.0.0", "us": "1.0.0", "asia": "1.0.0"},
		fences: map[string]uint64{}, asked: map[string]int{}, changed: map[string]int{},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /check", w.check)
	mux.HandleFunc("GET /orders/unit", w.serve(func(*http.Request, string) (string, bool) { return w.unit, false }))
	mux.HandleFunc("PUT /orders/unit", w.serve(func(_ *http.Request, body string) (string, bool) {
		changed := w.unit != body
		w.unit = body
		return "", changed
	}))
	mux.HandleFunc("POST /orders/batches/{batch}", w.serve(w.multiply))
	mux.HandleFunc("GET /regions/{region}", w.serve(func(r *http.Request, _ string) (string, bool) {
		return w.regions[r.PathValue("region")], false
	}))
	mux.HandleFunc("PUT /regions/{region}", w.serve(func(r *http.Request, body string) (string, bool) {
		changed := w.regions[r.PathValue("region")] != body
		w.regions[r.PathValue("region")] = body
		return "", changed
	}))
	w.server = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() { w.ended <- w.server.Serve(listener) }()
	return w, nil
}

func (w *world) multiply(r *http.Request, _ string) (string, bool) {
	batch, err := strconv.Atoi(r.PathValue("batch"))
	if err != nil || batch < 0 || batch >= len(w.orders) {
		return "", false
	}
	w.orders[batch] *= 100
	return "", true
}

// serve counts a request, refuses it from a host whose time is over, and does it.
func (w *world) serve(do func(r *http.Request, body string) (answer string, changed bool)) http.HandlerFunc {
	return func(res http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, 1<<10))
		if err != nil {
			http.Error(res, err.Error(), http.StatusBadRequest)
			return
		}
		fence, err := strconv.ParseUint(r.Header.Get("Fence"), 10, 64)
		if err != nil {
			http.Error(res, "a request names the fence of its host", http.StatusBadRequest)
			return
		}
		token := r.Header.Get("Idempotency-Key")
		id, _, _ := strings.Cut(token, "/")
		request := r.Method + " " + r.URL.Path
		w.mu.Lock()
		if fence < w.fences[id] {
			w.mu.Unlock()
			http.Error(res, "another host carries the release by now", http.StatusConflict)
			return
		}
		w.fences[id] = fence
		answer, changed := do(r, string(body))
		key := strings.TrimSuffix(id+" "+request+" "+string(body), " ")
		w.asked[key]++
		if changed {
			w.changed[key]++
		}
		w.mu.Unlock()
		w.spring(key)
		_, _ = io.WriteString(res, answer)
	}
}

// check asks the shop at an address for prices, and answers with the items that have none.
func (w *world) check(res http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<10))
	words := strings.Fields(string(body))
	if err != nil || len(words) < 2 {
		http.Error(res, "what is to be checked?", http.StatusBadRequest)
		return
	}
	w.spring("check")
	var missing []string
	client := &http.Client{Timeout: 5 * time.Second}
	defer client.CloseIdleConnections()
	for _, item := range words[1:] {
		answer, err := client.Get("http://" + words[0] + "/price/" + item)
		if err != nil {
			http.Error(res, err.Error(), http.StatusBadGateway)
			return
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			missing = append(missing, item)
		}
	}
	_, _ = io.WriteString(res, strings.Join(missing, ", "))
}

// when lets something happen once, at a request that has had its effect, before it is answered: so a host
// can be killed in the middle of its work, however fast it is.
func (w *world) when(request string, do func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.trap, w.sprung = request, do
}

func (w *world) spring(request string) {
	w.mu.Lock()
	do := w.sprung
	if w.trap != request {
		do = nil
	} else {
		w.trap, w.sprung = "", nil
	}
	w.mu.Unlock()
	if do != nil {
		do()
	}
}

// migrated is how many of the batches are in cents.
func (w *world) migrated() (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, order := range w.orders {
		if order == 100*paid()[i] {
			n++
		}
	}
	return n
}

// restore puts the orders back to what they were before the migration.
func (w *world) restore() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.orders, w.unit = paid(), "euros"
}

// shown is what the regions show.
func (w *world) shown() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var versions []string
	for _, version := range w.regions {
		if !slices.Contains(versions, version) {
			versions = append(versions, version)
		}
	}
	slices.Sort(versions)
	return versions
}

// counted is how often something was asked for in a release, and how often that changed something.
func (w *world) counted(request string) (asked, changed int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.asked[request], w.changed[request]
}

func (w *world) close() error {
	err := w.server.Close()
	if ended := <-w.ended; ended != http.ErrServerClosed {
		err = ended
	}
	return err
}
