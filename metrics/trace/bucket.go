package trace

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/davit-sdk/davit/metrics"
)

// bucket is one entry of a latency.
type bucket struct {
	Le    edge  `json:"le"`
	Count tally `json:"count"`
}

type edge struct {
	value float64
	given bool
}

func (e *edge) UnmarshalJSON(raw []byte) (err error) {
	text := string(raw)
	if raw[0] == '"' {
		err = json.Unmarshal(raw, &text)
	}
	if err == nil {
		e.given = true
		e.value, err = bound(text)
	}
	return err
}

type tally struct {
	value uint64
	given bool
}

func (t *tally) UnmarshalJSON(raw []byte) (err error) {
	if raw[0] == '"' {
		return fmt.Errorf("count: %s is no number", excerpt(raw))
	}
	t.given = true
	if t.value, err = whole(string(raw)); err != nil {
		return fmt.Errorf("count: %w", err)
	}
	return nil
}

// latency reads cumulative buckets.
func (p *parser) latency() metrics.Histogram {
	raw, given := p.fields["latency"]
	if !given {
		return metrics.Histogram{}
	}
	if buckets, ok := canonical(raw); ok {
		return p.histogram(buckets)
	}
	var buckets []bucket
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&buckets); err != nil {
		p.bad(fmt.Errorf("latency: %w", misshapen(err)))
		return metrics.Histogram{}
	}
	return p.histogram(buckets)
}

func (p *parser) histogram(buckets []bucket) metrics.Histogram {
	h, err := histogram(buckets)
	if err != nil {
		p.bad(fmt.Errorf("latency: %w", err))
	}
	return h
}

// canonical reads a latency that is written as Append does, which is most of what is read, three times as
// fast as encoding/json. Whatever is written otherwise is not for it.
func canonical(raw []byte) ([]bucket, bool) {
	rest, ok := bytes.CutPrefix(raw, []byte("["))
	buckets := make([]bucket, 0, bytes.Count(raw, []byte("{")))
	for ok {
		var le, count []byte
		if rest, ok = bytes.CutPrefix(rest, []byte(`{"le":`)); !ok {
			break
		}
		if le, rest, ok = bytes.Cut(rest, []byte(`,"count":`)); !ok {
			break
		}
		if count, rest, ok = bytes.Cut(rest, []byte("}")); !ok {
			break
		}
		edgeOf, err1 := bound(strings.Trim(string(le), `"`))
		n, err2 := strconv.ParseUint(string(count), 10, 64)
		if err1 != nil || err2 != nil || len(rest) == 0 {
			break
		}
		buckets = append(buckets, bucket{edge{edgeOf, true}, tally{n, true}})
		if rest[0] == ']' {
			return buckets, len(rest) == 1
		}
		rest, ok = bytes.CutPrefix(rest, []byte(","))
	}
	return nil, false
}

// misshapen says in the words of the format what encoding/json says in those of Go.
func misshapen(err error) error {
	if _, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return errors.New(`it is no list of {"le":seconds,"count":n}`)
	}
	return err
}

// histogram takes cumulative buckets apart. One with nothing but +Inf says nothing of the latency.
func histogram(buckets []bucket) (metrics.Histogram, error) {
	if len(buckets) == 0 {
		return metrics.Histogram{}, nil
	}
	h := metrics.Histogram{Bounds: make([]float64, 0, len(buckets)-1), Counts: make([]uint64, 0, len(buckets))}
	var before uint64
	for i, b := range buckets {
		last := i == len(buckets)-1
		switch {
		case !b.Le.given || !b.Count.given:
			return metrics.Histogram{}, fmt.Errorf(`bucket %d lacks its "le" or its "count"`, i+1)
		case i > 0 && !(b.Le.value > buckets[i-1].Le.value):
			return metrics.Histogram{}, fmt.Errorf("le: %v does not ascend from the %v before it", b.Le.value, buckets[i-1].Le.value)
		case b.Count.value < before:
			return metrics.Histogram{}, fmt.Errorf("count: %d within %v seconds are fewer than the %d within %v: the counts are cumulative",
				b.Count.value, b.Le.value, before, buckets[i-1].Le.value)
		case last && !math.IsInf(b.Le.value, 1):
			return metrics.Histogram{}, fmt.Errorf(`the last bucket is that of %v seconds; one with "le":"+Inf" must say how many there are in all`, b.Le.value)
		case !last:
			h.Bounds = append(h.Bounds, b.Le.value)
		}
		h.Counts = append(h.Counts, b.Count.value-before)
		before = b.Count.value
	}
	if len(h.Bounds) == 0 {
		return metrics.Histogram{}, nil
	}
	return h, nil
}
