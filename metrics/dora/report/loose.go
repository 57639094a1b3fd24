package report

import (
	"fmt"
	"strings"

	"github.com/davit-sdk/davit/metrics/dora"
)

// oddities are all anomalies of one code.
type oddities struct {
	code   dora.Code
	events int // that are odd
	all    []dora.Anomaly
}

// byCode joins anomalies by their code; they are in the order of it.
func byCode(all []dora.Anomaly) []oddities {
	var groups []oddities
	for i, a := range all {
		if n := len(groups); n == 0 || groups[n-1].code != a.Code {
			groups = append(groups, oddities{code: a.Code})
		}
		g := &groups[len(groups)-1]
		g.events++
		g.all = append(g.all, all[i])
	}
	return groups
}

// meaning says what is odd, and what was done about it.
func meaning(c dora.Code) string {
	switch c {
	case dora.CodeRepeated:
		return "told more than once, in the same way; counted once"
	case dora.CodeConflict:
		return "told in several ways; the one that ends last counts"
	case dora.CodeUnknownChange:
		return "names changes that nobody told of; they have no lead time"
	case dora.CodeUnknownDeployment:
		return "names a deployment that nobody told of"
	case dora.CodeUncounted:
		return "caused by a deployment that does not count, or fixes one"
	case dora.CodeCommitAfterDeploy:
		return "committed after it was deployed; no lead time"
	case dora.CodeNegativeSpan:
		return "ended before it began; no duration"
	case dora.CodeRecoveryBeforeDeploy:
		return "repaired before it was deployed; no recovery time"
	case dora.CodePartly:
		return "a group of which some have failed; it counts as one that succeeded"
	case dora.CodeUndated:
		return "an iteration of whose items no time is known; in no window"
	case dora.CodeCycle:
		return "fixes itself, directly or by way of others; it has failed"
	}
	return noFigure
}

// loose is what the events leave open. It is never left out.
func loose(r *dora.Report, o Options) section {
	s := section{name: "What the events leave open"}
	for _, text := range open(r) {
		s.before = append(s.before, says(text))
	}
	if len(r.Anomalies) == 0 {
		s.after = append(s.after, says("No anomalies."))
		return s
	}
	s.table.columns = append(append(left("Anomaly"), right("Events")...), left("Meaning", "IDs")...)
	for _, g := range byCode(r.Anomalies) {
		s.table.rows = append(s.table.rows, []cell{{string(g.code), true}, own(fmt.Sprint(g.events)), own(meaning(g.code)), ids(g.all, o.Listed)})
	}
	return s
}

// open says in sentences what no figure, or a figure in part, accounts for.
func open(r *dora.Report) []string {
	var all []string
	if !r.Unattributed.IsZero() {
		all = append(all, "Incidents that no deployment is known to have caused: "+r.Unattributed.String()+".")
	}
	if d := r.FailedDeploymentRecovery; d != nil && d.Censored > 0 {
		all = append(all, fmt.Sprintf("Failures that have not ended: %d. Quantiles of those that have ended are without them, and look shorter than they are.", d.Censored))
	}
	if r.LeadTimeDropped > 0 {
		all = append(all, fmt.Sprintf("Lead times that were dropped, as the commit is later than the deployment: %d.", r.LeadTimeDropped))
	}
	if r.LeadTimeUnmerged > 0 {
		all = append(all, fmt.Sprintf("Changes without a lead time, as it would begin with a merge that nobody told of: %d.", r.LeadTimeUnmerged))
	}
	if r.LeadTimeRounded > 0 {
		all = append(all, fmt.Sprintf("Lead times of which nothing was left when they were rounded: %d.", r.LeadTimeRounded))
	}
	if r.Elsewhere > 0 {
		all = append(all, fmt.Sprintf("Deployments to other environments, which are left out: %d.", r.Elsewhere))
	}
	return all
}

// ids are those of anomalies, so many at most.
func ids(all []dora.Anomaly, limit int) cell {
	var texts []string
	for _, a := range all[:most(len(all), limit)] {
		text := a.ID
		if text == "" {
			text = "(no name)"
		}
		if a.Other != "" {
			text += " (" + a.Other + ")"
		}
		if a.Count > 1 {
			text += fmt.Sprintf(" x%d", a.Count)
		}
		texts = append(texts, text)
	}
	if rest := len(all) - len(texts); rest > 0 {
		texts = append(texts, fmt.Sprintf("and %d more", rest))
	}
	return cell{strings.Join(texts, ", "), true}
}

// legend says how the figures are to be read.
func legend(r *dora.Report) section {
	s := section{name: "How to read this"}
	s.before = append(s.before, says(fmt.Sprintf("Intervals hold with a confidence of %s: by Wilson for rates, between two of the durations themselves for medians. Where they overlap, two figures may well be the same.",
		share(r.Confidence, 0))))
	if t := r.Tiers; t == nil {
		s.before = append(s.before, says("Tiers: none by these rules."))
	} else {
		about := sentence{own("Tiers: model "), {t.Model, true}}
		if t.Year != 0 {
			about = append(about, own(fmt.Sprintf(" of %d", t.Year)))
		}
		if t.Source != "" {
			about = append(about, own(", from "+t.Source))
		}
		s.before = append(s.before, append(about, own(". The tables of DORA are medians of clusters of answers, and no limits; compare a service with itself first.")))
	}
	return s
}
