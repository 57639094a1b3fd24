package pace_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/davit-sdk/davit/release/ledger"
	"github.com/davit-sdk/davit/release/pace"
)

// A forecast of a pipeline of thirty stages, three side by side.
func BenchmarkForecast(b *testing.B) {
	p := ledger.Pipeline{Name: "shop"}
	took := make(map[string]time.Duration)
	for i := range 30 {
		s := ledger.Stage{Name: fmt.Sprintf("s%d", i)}
		if i >= 3 {
			s.Needs = []string{fmt.Sprintf("s%d", i-3)}
		}
		p.Stages = append(p.Stages, s)
	}
	book := pace.NewBook(pace.Options{})
	for run := range 20 {
		for i, s := range p.Stages {
			took[s.Name] = time.Duration(1+(i*7+run*13)%50) * time.Second
		}
		if err := book.Add(pace.Real, each(ran(fmt.Sprint(run), p, took))); err != nil {
			b.Fatal(err)
		}
	}
	course := new(pace.Course)
	for _, e := range ran("now", p, took)[:20] {
		if err := course.Apply(e); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		if f := book.Forecast(course, epoch.Add(time.Hour)); f.Work.P95 <= 0 {
			b.Fatal(f)
		}
	}
}
