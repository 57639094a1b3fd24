package releasetest_test

import (
	"bufio"
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/davit-sdk/davit/release"
	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/release/releasetest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// known are the types of all bodies: a test of package ledger sees to it that this file has each of them.
func known(t *testing.T) (types []string) {
	t.Helper()
	file, err := os.Open("../ledger/testdata/events.jsonl")
	require.NoError(t, err)
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var e ledger.Event
		require.NoError(t, json.Unmarshal(lines.Bytes(), &e))
		types = append(types, e.Body.Type())
	}
	slices.Sort(types)
	return slices.Compact(types)
}

func TestTheLawOfBodiesHasEachOfThem(t *testing.T) {
	var types []string
	for _, b := range releasetest.Bodies() {
		types = append(types, b.Type())
		fields(reflect.ValueOf(b), b.Type(), func(v reflect.Value, path string) {
			assert.False(t, v.IsZero(), path)
		})
	}
	assert.ElementsMatch(t, known(t), types)
}

// fields visits all that a value is made of: the first of a list, and what a pointer points to.
func fields(v reflect.Value, path string, visit func(v reflect.Value, path string)) {
	switch {
	case v.Kind() == reflect.Struct && v.Type() != reflect.TypeFor[time.Time]():
		for i := range v.NumField() {
			if v.Type().Field(i).Tag.Get("json") == "-" {
				continue // it is not written
			}
			fields(v.Field(i), path+"."+v.Type().Field(i).Name, visit)
		}
		return
	case v.Kind() == reflect.Slice && v.Type() != reflect.TypeFor[json.RawMessage]() && v.Len() > 0:
		fields(v.Index(0), path+"[0]", visit)
	case v.Kind() == reflect.Pointer && !v.IsNil():
		fields(v.Elem(), path, visit)
	}
	visit(v, path)
}

// TestEachFieldCounts drops one field after the other, of one body after the other, as a store does that
// has a column too few.
func TestEachFieldCounts(t *testing.T) {
	for n, b := range releasetest.Bodies() {
		var paths []string
		fields(reflect.ValueOf(b), b.Type(), func(_ reflect.Value, path string) { paths = append(paths, path) })
		for field, path := range paths {
			m := rereading(func(id string, e ledger.Event) ledger.Event {
				if id == "bodies" && e.Body.Type() == b.Type() {
					e.Body = without(releasetest.Bodies()[n], field)
				}
				return e
			})
			err := releasetest.Suite{New: func() release.Store { return m.fresh() }}.CheckLaw("bodies")
			assert.Error(t, err, path)
		}
	}
}

// without is a body without the n-th of its fields. It is changed in place.
func without(body ledger.Body, n int) ledger.Body {
	v := reflect.New(reflect.TypeOf(body)).Elem()
	v.Set(reflect.ValueOf(body))
	fields(v, "", func(v reflect.Value, _ string) {
		if n == 0 {
			v.SetZero()
		}
		n--
	})
	return v.Interface().(ledger.Body)
}
