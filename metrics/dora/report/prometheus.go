package report

import (
	"bytes"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/davit-sdk/davit/metrics/dora"
)

// Prometheus writes the report in the text format 0.0.4 of Prometheus, all of it as gauges named davit_dora_..., in seconds and shares.
// What there is no data for has no sample.
func Prometheus(w io.Writer, r *dora.Report, o Options) error {
	if _, err := o.ready(r); err != nil {
		return err
	}
	e := exposition{escape: strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)}
	for _, g := range windowGauges() {
		e.family(g.name, g.help)
		for _, s := range g.of(r) {
			e.sample(g.name, s.labels, s.value)
		}
	}
	everything := [][2]string{{"scope", "all"}}
	for _, g := range metricGauges() {
		e.family(g.name, g.help)
		e.samples(g.name, everything, g.of(&r.Metrics))
		for i := range r.Services {
			e.samples(g.name, [][2]string{{"scope", "service"}, {"service", r.Services[i].Name}}, g.of(&r.Services[i].Metrics))
		}
	}
	return deliver(w, e.out.Bytes())
}

// A reading is a value with labels of its own.
type reading struct {
	labels [][2]string
	value  dora.Figure
}

func single(v float64) []reading { return []reading{{value: dora.Known(v)}} }

func labelled(label, value string, v dora.Figure) reading {
	return reading{[][2]string{{label, value}}, v}
}

// An exposition is written family by family.
type exposition struct {
	out     bytes.Buffer
	escape  *strings.Replacer // of what stands in quotes
	pending string            // the head of a family that has no sample yet
}

func (e *exposition) family(name, help string) {
	name = "davit_dora_" + name
	e.pending = "# HELP " + name + " " + help + "\n# TYPE " + name + " gauge\n"
}

func (e *exposition) samples(name string, scope [][2]string, all []reading) {
	for _, s := range all {
		e.sample(name, append(scope[:len(scope):len(scope)], s.labels...), s.value)
	}
}

func (e *exposition) sample(name string, labels [][2]string, f dora.Figure) {
	v, ok := f.Get()
	if !ok {
		return
	}
	e.out.WriteString(e.pending + "davit_dora_" + name)
	e.pending = ""
	for i, l := range labels {
		e.out.WriteString([]string{"{", ","}[min(i, 1)] + l[0] + `="` + e.escape.Replace(valid(l[1])) + `"`)
	}
	if len(labels) > 0 {
		e.out.WriteByte('}')
	}
	e.out.WriteString(" " + strconv.FormatFloat(v, 'g', -1, 64) + "\n")
}

// valid is a text as UTF-8, as the format asks for. What is none is quoted, so that two names stay two.
func valid(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	return strconv.QuoteToASCII(text)
}

// A gauge of the window as a whole.
type windowGauge struct {
	name, help string
	of         func(r *dora.Report) []reading
}

func windowGauges() []windowGauge {
	return []windowGauge{
		{"window_start_timestamp_seconds", "Where the window begins.", func(r *dora.Report) []reading { return single(float64(r.From.UnixMilli()) / 1e3) }},
		{"window_end_timestamp_seconds", "Where the window ends.", func(r *dora.Report) []reading { return single(float64(r.To.UnixMilli()) / 1e3) }},
		{"rules_info", "By which rules all this was computed, and whose the tiers are.", rulesInfo},
		{"events", "Events in the history, in and out of the window.", func(r *dora.Report) []reading { return single(float64(r.Events)) }},
		{"deployments_elsewhere", "Deployments in the window to other environments, which are left out.", func(r *dora.Report) []reading { return single(float64(r.Elsewhere)) }},
		{"anomalies", "Events with something that cannot be so, by what it is.", anomalies},
		{"velocity", "What is done in an iteration, in its unit, of the last iterations.", func(r *dora.Report) []reading {
			if r.Velocity == nil {
				return nil
			}
			unit := [2]string{"unit", r.Velocity.Unit}
			return []reading{{[][2]string{unit, {"statistic", "mean"}}, dora.Known(r.Velocity.Mean)}, {[][2]string{unit, {"statistic", "p50"}}, dora.Known(r.Velocity.P50)}}
		}},
		{"work_time_seconds", "From the start of a work item until it is done.", func(r *dora.Report) []reading { return quantiles(r.WorkTime) }},
		{"work_items", "Work items that were done, with a start.", func(r *dora.Report) []reading { return samples(r.WorkTime) }},
		{"survey_score", "CSAT: the share of 4 and 5 in per cent. NPS: promoters less detractors in per cent.", func(r *dora.Report) []reading {
			return surveys(r, func(o *dora.Opinion) float64 { return o.Score })
		}},
		{"survey_answers", "Answers of a survey.", func(r *dora.Report) []reading {
			return surveys(r, func(o *dora.Opinion) float64 { return float64(o.N) })
		}},
	}
}

func rulesInfo(r *dora.Report) []reading {
	labels := [][2]string{{"rules", r.Rules}}
	if t := r.Tiers; t != nil {
		labels = append(labels, [2]string{"tiers", t.Model}, [2]string{"year", strconv.Itoa(t.Year)}, [2]string{"source", t.Source})
	}
	return []reading{{labels, dora.Known(1)}}
}

func anomalies(r *dora.Report) []reading {
	var all []reading
	for _, g := range byCode(r.Anomalies) {
		all = append(all, labelled("code", string(g.code), dora.Known(float64(g.events))))
	}
	return all
}

func surveys(r *dora.Report, of func(*dora.Opinion) float64) []reading {
	var all []reading
	if r.CSAT != nil {
		all = append(all, labelled("kind", "csat", dora.Known(of(r.CSAT))))
	}
	if r.NPS != nil {
		all = append(all, labelled("kind", "nps", dora.Known(of(r.NPS))))
	}
	return all
}
