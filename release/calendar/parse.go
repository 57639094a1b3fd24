package calendar

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// RuleError says what is wrong with a rule, and where.
type RuleError struct {
	// Field is the part of the rule that is wrong: "BYDAY". Empty where it has no name.
	Field string
	// Offset is the byte of the text at which it is; -1 where there is no text.
	Offset int
	// Reason says what is wrong.
	Reason string
}

// Error is the field, the place and the reason.
func (e *RuleError) Error() string {
	text := e.Reason
	if e.Field != "" {
		text = e.Field + ": " + text
	}
	if e.Offset >= 0 {
		text = fmt.Sprintf("at byte %d: %s", e.Offset, text)
	}
	return "rule: " + text
}

// maxRule bounds the text of a rule, far above any that makes sense.
const maxRule = 2000

// ParseRule reads a rule: "FREQ=WEEKLY;BYDAY=FR", with or without "RRULE:" before it. Names and values may be in
// lower case. What it does not know it refuses: a rule of which a part is passed over means something else. The
// error is a *RuleError.
func ParseRule(text string) (Rule, error) {
	if len(text) > maxRule {
		return Rule{}, &RuleError{Offset: maxRule, Reason: fmt.Sprintf("is longer than %d bytes", maxRule)}
	}
	rest, offset := text, 0
	if len(rest) >= 6 && strings.EqualFold(rest[:6], "RRULE:") {
		rest, offset = rest[6:], 6
	}
	var r Rule
	at := map[string]int{} // where the value of a part begins
	for part := range strings.SplitSeq(rest, ";") {
		name, value, ok := strings.Cut(part, "=")
		name = strings.ToUpper(name)
		begin := offset
		offset += len(part) + 1
		if !ok {
			return Rule{}, &RuleError{Offset: begin, Reason: fmt.Sprintf("%.40q is not of the form NAME=VALUE", part)}
		}
		if _, twice := at[name]; twice {
			return Rule{}, &RuleError{Field: name, Offset: begin, Reason: "is there twice"}
		}
		at[name] = begin + len(name) + 1
		if err := r.set(name, strings.ToUpper(value), at[name], begin); err != nil {
			return Rule{}, err
		}
	}
	if r.Freq == "" {
		return Rule{}, &RuleError{Field: "FREQ", Offset: len(text), Reason: "is missing"}
	}
	if wrong := r.problems(); len(wrong) > 0 {
		wrong[0].Offset = at[wrong[0].Field]
		return Rule{}, wrong[0]
	}
	return r, nil
}

// set sets a part. Its value begins at byte at, its name at byte begin.
func (r *Rule) set(name, value string, at, begin int) (err error) {
	switch name {
	case "FREQ":
		if r.Freq = Freq(value); value == "SECONDLY" || value == "MINUTELY" || value == "HOURLY" || value == "" {
			err = &RuleError{Offset: at, Reason: fmt.Sprintf("%q is not supported: it is one of DAILY, WEEKLY, MONTHLY, YEARLY", value)}
		}
	case "INTERVAL":
		r.Interval, err = number(value, at)
	case "COUNT":
		r.Count, err = number(value, at)
	case "UNTIL":
		err = r.setUntil(value, at)
	case "BYMONTH":
		var months []int
		months, err = numbers(value, at)
		for _, m := range months {
			r.ByMonth = append(r.ByMonth, time.Month(m))
		}
	case "BYMONTHDAY":
		r.ByMonthDay, err = numbers(value, at)
	case "BYSETPOS":
		r.BySetPos, err = numbers(value, at)
	case "BYDAY":
		err = r.setDays(value, at)
	case "WKST":
		if r.WeekStart = Weekday(value); value == "" {
			err = &RuleError{Offset: at, Reason: "is empty"}
		}
	case "BYSECOND", "BYMINUTE", "BYHOUR", "BYYEARDAY", "BYWEEKNO":
		err = &RuleError{Offset: begin, Reason: "is not supported"}
	default:
		return &RuleError{Offset: begin, Reason: fmt.Sprintf("%.40q is unknown", name)}
	}
	if wrong, ok := err.(*RuleError); ok {
		wrong.Field = name
	}
	return err
}

func (r *Rule) setUntil(value string, at int) error {
	bare, utc := strings.CutSuffix(value, "Z")
	layout := "20060102T150405"
	if !strings.Contains(bare, "T") {
		layout = "20060102"
	}
	t, err := time.Parse(layout, bare)
	if err != nil || len(bare) != len(layout) || utc && layout == "20060102" {
		return &RuleError{Offset: at, Reason: fmt.Sprintf("%.40q is no time such as 20261231T170000, 20261231T170000Z or 20261231", value)}
	}
	if layout == "20060102" {
		t = t.Add(24*time.Hour - time.Second) // the day is a part of it
	}
	r.Until, r.UntilUTC = localOf(t.Unix()), utc
	return nil
}

func (r *Rule) setDays(value string, at int) error {
	for text := range strings.SplitSeq(value, ",") {
		cut := max(len(text)-2, 0)
		d := Day{On: Weekday(text[cut:])}
		if d.On.index() < 0 {
			return &RuleError{Offset: at, Reason: fmt.Sprintf("%.40q is no day such as FR or -1FR", text)}
		}
		if cut > 0 {
			var err error
			if d.N, err = number(text[:cut], at); err != nil {
				return err
			}
		}
		r.ByDay = append(r.ByDay, d)
		at += len(text) + 1
	}
	return nil
}

// number reads a whole number that is not zero, as RFC 5545 has it: with a sign or without.
func number(text string, at int) (int, error) {
	digits := strings.TrimLeft(text, "+-")
	n, err := strconv.Atoi(text)
	if err != nil || n == 0 || len(text)-len(digits) > 1 || len(digits) > 9 {
		return 0, &RuleError{Offset: at, Reason: fmt.Sprintf("%.40q is no number other than zero", text)}
	}
	return n, nil
}

func numbers(text string, at int) ([]int, error) {
	var all []int
	for part := range strings.SplitSeq(text, ",") {
		n, err := number(part, at)
		if err != nil {
			return nil, err
		}
		all, at = append(all, n), at+len(part)+1
	}
	return slices.Clip(all), nil
}

// String is the rule as text, with its parts in one order: ParseRule reads it as the same rule. Empty for the
// zero Rule.
func (r Rule) String() string {
	if r.IsZero() {
		return ""
	}
	parts := []string{"FREQ=" + string(r.Freq)}
	add := func(name, value string) {
		if value != "" {
			parts = append(parts, name+"="+value)
		}
	}
	add("INTERVAL", join([]int{r.Interval}))
	add("COUNT", join([]int{r.Count}))
	if (r.Until != Local{}) {
		u := r.Until
		text := fmt.Sprintf("%04d%02d%02dT%02d%02d%02d", u.Year, int(u.Month), u.Day, u.Hour, u.Minute, u.Second)
		if r.UntilUTC {
			text += "Z"
		}
		add("UNTIL", text)
	}
	var months []int
	for _, m := range r.ByMonth {
		months = append(months, int(m))
	}
	add("BYMONTH", join(months))
	add("BYMONTHDAY", join(r.ByMonthDay))
	var days []string
	for _, d := range r.ByDay {
		days = append(days, d.String())
	}
	add("BYDAY", strings.Join(days, ","))
	add("BYSETPOS", join(r.BySetPos))
	add("WKST", string(r.WeekStart))
	return strings.Join(parts, ";")
}

// join writes numbers; a zero stands for none.
func join(values []int) string {
	var all []string
	for _, v := range values {
		if v != 0 {
			all = append(all, strconv.Itoa(v))
		}
	}
	return strings.Join(all, ",")
}

// MarshalText is String, where the rule is valid.
func (r Rule) MarshalText() ([]byte, error) {
	if err := r.Validate(); err != nil {
		return nil, err
	}
	return []byte(r.String()), nil
}

// UnmarshalText is ParseRule.
func (r *Rule) UnmarshalText(text []byte) (err error) {
	*r, err = ParseRule(string(text))
	return err
}
