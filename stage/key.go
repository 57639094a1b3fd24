package stage

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strings"
)

// MaxValue is the largest value that a key takes, in bytes of JSON. Whatever is larger is kept
// elsewhere and handed on by reference.
const MaxValue = 1 << 20

var (
	// ErrUndeclared says that a stage reads, sets or awaits something that it does not declare.
	ErrUndeclared = errors.New("not declared")
	// ErrNoValue says that a key has no value.
	ErrNoValue = errors.New("no value")
	// ErrTooLarge says that something is too large to be recorded.
	ErrTooLarge = errors.New("too large")
)

// Key is a typed name by which stages hand values on. Values travel as JSON. The same name with the
// same type is the same key, wherever it was made; a pipeline in which the types differ is refused.
//
// Values become visible to other stages when the stage that set them has succeeded, all at once. What one
// has set that ended otherwise is dropped.
type Key[T any] struct{ ref Ref }

// NewKey makes a key. Its name consists of lower-case letters, digits and inner dashes or dots, and
// begins with a letter; a pipeline with any other is refused.
func NewKey[T any](name string) Key[T] {
	return Key[T]{Ref{Name: name, Type: typeName(reflect.TypeFor[T]())}}
}

// Ref is the key without its type, as stages declare it.
func (k Key[T]) Ref() Ref { return k.ref }

// typeName is the type with the full path of each package in it, as two packages of one name may each
// have a type of one name. Types that are declared within functions of one package are told apart by
// their name alone.
func typeName(t reflect.Type) string {
	if t.Name() != "" {
		if t.PkgPath() == "" {
			return t.Name()
		}
		return t.PkgPath() + "." + t.Name()
	}
	switch t.Kind() {
	case reflect.Pointer:
		return "*" + typeName(t.Elem())
	case reflect.Slice:
		return "[]" + typeName(t.Elem())
	case reflect.Array:
		return fmt.Sprintf("[%d]%s", t.Len(), typeName(t.Elem()))
	case reflect.Map:
		return "map[" + typeName(t.Key()) + "]" + typeName(t.Elem())
	case reflect.Struct:
		var fields []string
		for f := range t.Fields() {
			fields = append(fields, strings.TrimSpace(f.Name+" "+typeName(f.Type)+" "+string(f.Tag)))
		}
		return "struct{" + strings.Join(fields, "; ") + "}"
	}
	return t.String()
}

// String is the key's name.
func (k Key[T]) String() string { return k.ref.Name }

// Get reads the key's value. The error is ErrUndeclared where the running stage does not declare to
// read the key, and ErrNoValue where nobody has set it.
func (k Key[T]) Get(t *Task) (T, error) {
	var v T
	raw, err := t.get(k.ref)
	if err != nil {
		return v, err
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		var none T
		return none, fmt.Errorf("key %s: the value does not fit %T: %w", k.ref.Name, none, err)
	}
	return v, nil
}

// Set sets the key's value; setting it again replaces it. The error is ErrUndeclared where the
// running stage does not declare to write the key, and ErrTooLarge above MaxValue.
func (k Key[T]) Set(t *Task, v T) error {
	raw, err := k.Encode(v)
	if err != nil {
		return err
	}
	return t.set(k.ref, raw)
}

// Encode is the value as it is recorded: compact JSON.
func (k Key[T]) Encode(v T) (json.RawMessage, error) {
	return encode("key "+k.ref.Name, v, MaxValue)
}

// Ref names a key of a type.
type Ref struct {
	// Name is the key's name.
	Name string `json:"name"`
	// Type is the Go type of its values, with the full path of its package: "string",
	// "github.com/davit-sdk/davit/stage.Artifact".
	Type string `json:"type"`
}

// String is the name and the type for people, without the paths of packages: "artifact (stage.Artifact)".
func (r Ref) String() string { return r.Name + " (" + folders.ReplaceAllString(r.Type, "") + ")" }

// folders are the folders that a package lies in.
var folders = regexp.MustCompile(`[\w.~-]+/`)

// Validate reports a name that is none.
func (r Ref) Validate() error {
	if !ValidName(r.Name) {
		return fmt.Errorf("key %q: %s", r.Name, nameRule)
	}
	return nil
}

const nameRule = "a name consists of lower-case letters, digits and inner dashes or dots, begins with a letter, and has at most 63 characters"

// ValidName reports whether a stage or a key may have that name: lower-case letters, digits and
// inner dashes or dots, at most 63 of them, a letter first.
func ValidName(name string) bool {
	if len(name) == 0 || len(name) > 63 || !letter(name[0]) {
		return false
	}
	for i := 1; i < len(name); i++ {
		if c := name[i]; !letter(c) && (c < '0' || c > '9') && (c != '.' && c != '-' || i == len(name)-1) {
			return false
		}
	}
	return true
}

func letter(c byte) bool { return c >= 'a' && c <= 'z' }

// encode is v as compact JSON of at most limit bytes. A json.RawMessage that is v itself is taken
// as it is, once it is known to be JSON.
func encode(what string, v any, limit int) (json.RawMessage, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("%s: the value cannot be written as JSON: %w", what, err)
	}
	if len(raw) > limit {
		return nil, fmt.Errorf("%s: %w: %d bytes, at most %d are allowed", what, ErrTooLarge, len(raw), limit)
	}
	return raw, nil
}
