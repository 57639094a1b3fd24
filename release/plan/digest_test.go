package plan_test

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/davit-sdk/davit/release/plan"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// changes calls f with the value after each change of one field, list or text in it, and takes the change back.
func changes(v reflect.Value, path string, f func(path string)) {
	put := func(to any) {
		was := reflect.New(v.Type()).Elem()
		was.Set(v)
		v.Set(reflect.ValueOf(to).Convert(v.Type()))
		f(path)
		v.Set(was)
	}
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
		put(v.Interface().(time.Time).Add(time.Nanosecond))
		return
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			changes(v.Field(i), path+"."+v.Type().Field(i).Name, f)
		}
		return
	}
	switch v.Kind() {
	case reflect.Slice:
		for i := range v.Len() {
			changes(v.Index(i), fmt.Sprintf("%s[%d]", path, i), f)
		}
		more := reflect.MakeSlice(v.Type(), v.Len()+1, v.Len()+1)
		reflect.Copy(more, v)
		was := reflect.New(v.Type()).Elem()
		was.Set(v)
		v.Set(more)
		f(path + " with one more")
		v.Set(was)
	case reflect.String:
		put(v.String() + "x")
	case reflect.Bool:
		put(!v.Bool())
	case reflect.Int, reflect.Int64:
		put(v.Int() + 1)
	default:
		panic(path + ": " + v.Kind().String())
	}
}

// Whatever changes in a plan, its digest does, but for the mode and the moves.
func TestTheDigestSeesEverything(t *testing.T) {
	p := good()
	seen := map[string]string{p.Digest(): "nothing"}
	require.NotContains(t, seen, "")
	changes(reflect.ValueOf(&p).Elem(), "Plan", func(path string) {
		if path == "Plan.Mode" || path == "Plan.Moves with one more" {
			assert.Equal(t, "nothing", seen[p.Digest()], path)
			return
		}
		other, twice := seen[p.Digest()]
		assert.False(t, twice, "%s is as %s", path, other)
		seen[p.Digest()] = path
	})
	assert.Equal(t, "nothing", seen[p.Digest()])
	assert.Greater(t, len(seen), 100)
	for _, text := range []string{"a\xff", "a\xfe"} {
		p.About = text
		assert.Empty(t, p.Digest(), "what is not UTF-8 would be as other texts that are not")
	}
	p.About = "\ufffd \\ufffd <&> \u2028"
	assert.NotEmpty(t, p.Digest())
	_, err := plan.Parse([]byte("{\"about\":\"a\xff\"}"))
	assert.Error(t, err)
}
