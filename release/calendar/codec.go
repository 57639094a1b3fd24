package calendar

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// maxFile bounds the JSON of calendars, far above any that people look after.
const maxFile = 64 << 20

// Decode reads calendars from JSON: one calendar, or a list. It is strict: fields that it does not know or that are in
// capitals, fields that are there twice, text after the end, and whatever Validate reports are errors.
func Decode(data []byte) ([]Calendar, error) {
	if len(data) > maxFile {
		return nil, fmt.Errorf("calendars: more than %d bytes", maxFile)
	}
	if err := once(json.NewDecoder(bytes.NewReader(data)), ""); err != nil {
		return nil, fmt.Errorf("calendars: %w", err)
	}
	var all []Calendar
	var err error
	if text := bytes.TrimLeft(data, " \t\r\n"); len(text) > 0 && text[0] == '[' {
		err = strict(data, &all)
	} else {
		all = make([]Calendar, 1)
		err = strict(data, &all[0])
	}
	if err != nil {
		return nil, fmt.Errorf("calendars: %w", err)
	}
	for i, c := range all {
		if err := c.Validate(); err != nil {
			return nil, fmt.Errorf("calendar %d (%.100s): %w", i, c.Name, err)
		}
	}
	return all, nil
}

// Encode writes calendars as Decode reads them: a list, indented. Those that are not valid are refused.
func Encode(calendars ...Calendar) ([]byte, error) {
	for i, c := range calendars {
		if err := c.Validate(); err != nil {
			return nil, fmt.Errorf("calendar %d (%.100s): %w", i, c.Name, err)
		}
	}
	if calendars == nil {
		calendars = []Calendar{}
	}
	data, err := json.MarshalIndent(calendars, "", "  ")
	return append(data, '\n'), err
}

// windowFile is a window as JSON has it.
type windowFile struct {
	windowFields
	Length string `json:"length,omitempty"`
}

type windowFields Window

// MarshalJSON writes Length as text: "2h30m0s".
func (w Window) MarshalJSON() ([]byte, error) {
	file := windowFile{windowFields: windowFields(w)}
	if w.Length != 0 {
		file.Length = w.Length.String()
	}
	return json.Marshal(file)
}

// UnmarshalJSON reads what MarshalJSON writes, and refuses fields that it does not know.
func (w *Window) UnmarshalJSON(data []byte) error {
	var file windowFile
	if err := strict(data, &file); err != nil {
		return err
	}
	*w = Window(file.windowFields)
	if file.Length != "" {
		var err error
		if w.Length, err = time.ParseDuration(file.Length); err != nil {
			return fmt.Errorf("length: %.40q is no duration such as 2h30m", file.Length)
		}
	}
	return nil
}

func strict(data []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is text after the end")
	}
	return nil
}

// once reports a field that an object has twice, of which encoding/json would keep the last without a word. It takes
// "Freeze" and "freeze" for one field, so that only names of small letters are let through, which all of ours are.
func once(d *json.Decoder, where string) error {
	token, err := d.Token()
	if err != nil {
		return err
	}
	open, nested := token.(json.Delim)
	if !nested {
		return nil
	}
	seen := map[string]bool{}
	for i := 0; d.More(); i++ {
		at := fmt.Sprintf("%s[%d]", where, i)
		if open == '{' {
			key, err := d.Token()
			if err != nil {
				return err
			}
			name := fmt.Sprint(key)
			if at = where + "." + name; seen[name] {
				return fmt.Errorf("%s is there twice", at)
			}
			if strings.ContainsFunc(name, func(r rune) bool { return r < 'a' || r > 'z' }) {
				return fmt.Errorf("%s: unknown field %.40q: names are of small letters", at, name)
			}
			seen[name] = true
		}
		if err := once(d, at); err != nil {
			return err
		}
	}
	_, err = d.Token()
	return err
}
