package gate

import (
	"fmt"
	"hash/fnv"
	"io"
	"reflect"
	"time"

	"github.com/davit-sdk/davit/metrics"
)

// settings tells gates apart by what they are set to, so that what one remembers is not taken for what
// another one does. It is the same in each process: types, and what their exported fields hold, as far as it
// has a value that can be written down. Of a function it tells only whether it is there, and of a source only
// its type.
func settings(v any) string {
	h := fnv.New64a()
	describe(h, reflect.ValueOf(v), 0)
	return fmt.Sprintf("%016x", h.Sum64())
}

// mostNested is how deeply gates are told apart.
const mostNested = 50

func describe(w io.Writer, v reflect.Value, depth int) {
	if !v.IsValid() || depth > mostNested {
		fmt.Fprint(w, "none;")
		return
	}
	fmt.Fprintf(w, "%s:", v.Type())
	switch v.Kind() {
	case reflect.Struct:
		describeFields(w, v, depth)
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			describe(w, v.Index(i), depth+1)
		}
	case reflect.Interface:
		if !v.IsNil() && sourceOnly(v.Interface()) {
			fmt.Fprint(w, v.Elem().Type())
			break
		}
		describe(w, v.Elem(), depth+1)
	case reflect.Pointer:
		_, isGate := v.Interface().(Gate)
		if v.IsNil() || !isGate && v.Elem().Kind() == reflect.Struct { // what it points to may be a state
			fmt.Fprint(w, v.IsNil())
			break
		}
		describe(w, v.Elem(), depth+1)
	case reflect.Func, reflect.Chan, reflect.UnsafePointer:
		fmt.Fprint(w, v.IsNil())
	case reflect.Map:
		fmt.Fprint(w, v.Len())
	default:
		fmt.Fprintf(w, "%v", v)
	}
	fmt.Fprint(w, ";")
}

// describeFields describes what is exported: the rest may be a state, which changes.
func describeFields(w io.Writer, v reflect.Value, depth int) {
	if at, ok := v.Interface().(time.Time); ok {
		fmt.Fprint(w, at.UTC().Format(time.RFC3339Nano))
		return
	}
	for i := range v.NumField() {
		if f := v.Type().Field(i); f.IsExported() {
			fmt.Fprintf(w, "%s=", f.Name)
			describe(w, v.Field(i), depth+1)
		}
	}
}

// sourceOnly reports whether a value is a source, of which its own settings are no part of a gate's.
func sourceOnly(v any) bool {
	switch v.(type) {
	case Windows, *Windows:
		return false
	case metrics.Source, metrics.SeriesSource:
		return true
	}
	return false
}
