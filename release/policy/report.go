package policy

import (
	"fmt"
	"strings"
	"time"
)

// Report is how a pipeline stands against a policy. Its JSON form is stable.
type Report struct {
	Policy   string `json:"policy"`
	Pipeline string `json:"pipeline"`
	Service  string `json:"service,omitempty"`
	// Tier is that of the service; empty where it is not known.
	Tier string `json:"tier,omitempty"`
	// At is the time for which exemptions were looked at, in UTC.
	At time.Time `json:"at"`
	// Violations are in the order of the rules.
	Violations []Violation `json:"violations,omitempty"`
	// Exempted are the violations that somebody has allowed for a time, and Expired the exemptions of the service whose time is over.
	Exempted []Exempted  `json:"exempted,omitempty"`
	Expired  []Exemption `json:"expired,omitempty"`
	// Held are the rules that the pipeline holds, Idle those that found nothing to look at in it, and NotAsked those that are not for this service.
	Held     []string `json:"held,omitempty"`
	Idle     []string `json:"idle,omitempty"`
	NotAsked []string `json:"not_asked,omitempty"`
}

// Violation is a rule that is broken.
type Violation struct {
	Rule string `json:"rule"`
	// Why is what the rule is for.
	Why string `json:"why,omitempty"`
	// Stage is where; empty: the pipeline as a whole.
	Stage string `json:"stage,omitempty"`
	// What says what is wrong, Mend what to do about it.
	What string `json:"what"`
	Mend string `json:"mend,omitempty"`
}

// String is the violation in one sentence.
func (v Violation) String() string {
	where := "the pipeline"
	if v.Stage != "" {
		where = "stage " + v.Stage
	}
	text := fmt.Sprintf("rule %s: %s: %s", v.Rule, where, v.What)
	if v.Mend != "" {
		text += ": " + v.Mend
	}
	return text
}

// Exempted is a violation that is allowed for a time.
type Exempted struct {
	Violation
	Exemption Exemption `json:"exemption"`
}

// BrokenError says that a pipeline breaks rules.
type BrokenError struct{ Report Report }

// Error names all violations.
func (e *BrokenError) Error() string {
	var all []string
	for _, v := range e.Report.Violations {
		all = append(all, v.String())
	}
	return fmt.Sprintf("policy %s: pipeline %s: %s", e.Report.Policy, e.Report.Pipeline, strings.Join(all, "; "))
}

// Err is a *BrokenError with all violations; nil where there are none.
func (r Report) Err() error {
	if len(r.Violations) == 0 {
		return nil
	}
	return &BrokenError{r}
}

// Text is the report for people, in several lines.
func (r Report) Text() string {
	var b strings.Builder
	whose := r.Pipeline
	if r.Service != "" {
		tier := r.Tier
		if tier == "" {
			tier = "tier not known"
		}
		whose += " of " + r.Service + " (" + tier + ")"
	}
	verdict := "holds"
	if n := len(r.Violations); n > 0 {
		verdict = fmt.Sprintf("breaks, in %d places,", n)
	}
	fmt.Fprintf(&b, "pipeline %s %s the policy %s\n", flat(whose), verdict, flat(r.Policy))
	line := func(sign string, v Violation) {
		where := v.Stage
		if where == "" {
			where = "(pipeline)"
		}
		fmt.Fprintf(&b, "  %-7s %s, %s: %s\n", sign, flat(v.Rule), where, flat(v.What))
		if v.Mend != "" && sign == "BROKEN" {
			fmt.Fprintf(&b, "          mend: %s\n", flat(v.Mend))
		}
		if v.Why != "" && sign == "BROKEN" {
			fmt.Fprintf(&b, "          why:  %s\n", flat(v.Why))
		}
	}
	for _, v := range r.Violations {
		line("BROKEN", v)
	}
	for _, e := range r.Exempted {
		line("allowed", e.Violation)
		fmt.Fprintf(&b, "          by %s until %s: %s\n", flat(e.Exemption.By), e.Exemption.Until.UTC().Format(time.RFC3339), flat(e.Exemption.Why))
	}
	for _, e := range r.Expired {
		fmt.Fprintf(&b, "  over    the exemption from %s that %s gave ended %s\n", flat(e.Rule), flat(e.By), e.Until.UTC().Format(time.RFC3339))
	}
	for _, name := range r.Held {
		fmt.Fprintf(&b, "  holds   %s\n", flat(name))
	}
	for _, name := range r.Idle {
		fmt.Fprintf(&b, "  idle    %s: there is nothing to look at\n", flat(name))
	}
	for _, name := range r.NotAsked {
		fmt.Fprintf(&b, "  -       %s: not for this service\n", flat(name))
	}
	return b.String()
}

// flat is a text on one line.
func flat(text string) string { return strings.Join(strings.Fields(text), " ") }
