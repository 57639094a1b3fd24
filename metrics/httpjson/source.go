package httpjson

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/davit-sdk/davit/metrics"
)

// Fields say where the numbers are in an answer: see the package comment for paths.
type Fields struct {
	// Requests and Errors are counts of the stretch that was asked for; both are needed. Where the path
	// of Requests meets null or an empty list, the answer is metrics.ErrNoData.
	Requests, Errors string
	// Latency is a list of {"le":seconds,"count":n}: le ascends, up to "+Inf", and the counts are
	// cumulative. Null, or an empty list: not measured. Empty: the source has no latency.
	Latency string
	// From and To are the stretch that the numbers cover. Empty: the one that was asked for.
	From, To string
	// Counts and Gauges are further ones, by name; a gauge has one value, or a list. Null, or an empty list:
	// not measured.
	Counts, Gauges map[string]string
}

// Source is a metrics.Source over HTTP.
type Source struct {
	asker          *asker
	requests       path
	errors         path
	latency        path
	from, to       path
	counts, gauges map[string]path
	names          []string
}

var (
	_ metrics.Source = (*Source)(nil)
	_ metrics.Namer  = (*Source)(nil)
)

// NewSource makes a source that asks the endpoint, whose URL has {group}, and {from} and {to} in one of
// their forms. The error names everything that is wrong with the settings.
func NewSource(e Endpoint, f Fields) (*Source, error) {
	t, problems := e.problems([]string{"group", "from", "to"}, []string{"seconds"})
	s := &Source{counts: map[string]path{}, gauges: map[string]path{}}
	var wrong []error
	take := func(to *path, field, text string, must bool) {
		if text == "" {
			if must {
				wrong = append(wrong, fmt.Errorf("Fields.%s: is missing", field))
			}
			return
		}
		var err error
		if *to, err = newPath(text); err != nil {
			wrong = append(wrong, fmt.Errorf("Fields.%s: %w", field, err))
		}
	}
	take(&s.requests, "Requests", f.Requests, true)
	take(&s.errors, "Errors", f.Errors, true)
	take(&s.latency, "Latency", f.Latency, false)
	take(&s.from, "From", f.From, false)
	take(&s.to, "To", f.To, false)
	for _, further := range []struct {
		field string
		texts map[string]string
		to    map[string]path
	}{{"Counts", f.Counts, s.counts}, {"Gauges", f.Gauges, s.gauges}} {
		for _, name := range slices.Sorted(maps.Keys(further.texts)) {
			var p path
			take(&p, fmt.Sprintf("%s[%q]", further.field, name), further.texts[name], true)
			further.to[name] = p
			if name == "" {
				wrong = append(wrong, fmt.Errorf("Fields.%s: a name is empty", further.field))
			}
			s.names = append(s.names, name)
		}
	}
	if err := failed(problems, wrong); err != nil {
		return nil, err
	}
	slices.Sort(s.names)
	s.names = slices.Compact(s.names)
	s.asker = newAsker(e, t)
	return s, nil
}

// Names are the counts and gauges of Fields.
func (s *Source) Names() []string { return slices.Clone(s.names) }

// Close closes the connections that are kept for the next question. A source that is closed can still be
// asked.
func (s *Source) Close() { s.asker.close() }

// Read asks once.
func (s *Source) Read(ctx context.Context, q metrics.Query) (metrics.Window, error) {
	doc, err := s.asker.ask(ctx, question{group: q.Group, from: q.From, to: q.To})
	if err != nil {
		return metrics.Window{}, fmt.Errorf("read group %q: %w", q.Group, err)
	}
	w, err := s.window(doc, q)
	if errors.Is(err, errNothing) {
		err = metrics.ErrNoData
	}
	if err != nil {
		return metrics.Window{}, fmt.Errorf("read group %q: ask %s: %w", q.Group, s.asker.host, err)
	}
	return w, nil
}

// window takes the numbers out of a document.
func (s *Source) window(doc any, q metrics.Query) (w metrics.Window, err error) {
	requests, err := s.requests.find(doc)
	if err != nil {
		return w, err // nothing is no data
	}
	if w.Requests, err = count(requests); err != nil {
		return w, fmt.Errorf("%s: %w", s.requests.text, err)
	}
	failed, err := s.errors.find(doc)
	if errors.Is(err, errNothing) {
		err = fmt.Errorf("%s: its answer has nothing there, while there are requests", s.errors.text)
	}
	if err != nil {
		return w, err
	}
	if w.Errors, err = count(failed); err != nil {
		return w, fmt.Errorf("%s: %w", s.errors.text, err)
	}
	if w.Errors > w.Requests {
		return w, fmt.Errorf("%s: its answer has more errors than requests", s.errors.text)
	}
	if w.From, w.To, err = s.stretch(doc, q); err != nil {
		return w, err
	}
	if w.Latency, err = optional(s.latency, doc, latency); err != nil {
		return w, err
	}
	return w, s.further(doc, &w)
}

// optional is a value that a path may lead to; nothing where the path is none, or meets nothing.
func optional[T any](p path, doc any, read func(any) (T, error)) (value T, err error) {
	if p.text == "" {
		return value, nil
	}
	v, err := p.find(doc)
	if errors.Is(err, errNothing) {
		return value, nil
	}
	if err != nil {
		return value, err
	}
	if value, err = read(v); err != nil {
		return value, fmt.Errorf("%s: %w", p.text, err)
	}
	return value, nil
}

// stretch is what the numbers cover.
func (s *Source) stretch(doc any, q metrics.Query) (from, to time.Time, err error) {
	from, to = q.From, q.To
	seconds := func(v any) (time.Time, error) { return moment(v, time.Second) }
	for _, end := range []struct {
		path path
		time *time.Time
	}{{s.from, &from}, {s.to, &to}} {
		t, err := optional(end.path, doc, seconds)
		if err != nil {
			return from, to, err
		}
		if !t.IsZero() {
			*end.time = t
		}
	}
	if from.After(to) {
		return from, to, errors.New("what its answer covers ends before it begins")
	}
	return from, to, nil
}

// further takes the counts and gauges.
func (s *Source) further(doc any, w *metrics.Window) error {
	for _, name := range slices.Sorted(maps.Keys(s.counts)) {
		n, err := optional(s.counts[name], doc, func(v any) ([]uint64, error) {
			n, err := count(v)
			return []uint64{n}, err
		})
		if err != nil {
			return err
		}
		if len(n) > 0 {
			if w.Counts == nil {
				w.Counts = map[string]uint64{}
			}
			w.Counts[name] = n[0]
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.gauges)) {
		values, err := optional(s.gauges[name], doc, finite)
		if err != nil {
			return err
		}
		if len(values) > 0 {
			if w.Gauges == nil {
				w.Gauges = map[string][]float64{}
			}
			w.Gauges[name] = values
		}
	}
	return nil
}
