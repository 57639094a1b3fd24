package worlds

import "time"

// usual is the service of the tables: 100 requests a second, of which one in a thousand fails.
func usual(name string, change ...func(w *World)) World {
	w := World{Name: name, Rate: 100, ErrorRate: 0.001}
	for _, c := range change {
		c(&w)
	}
	return w
}

func rate(r float64) func(w *World) { return func(w *World) { w.Rate = r } }

func bursts(w *World) { w.Bursts = 0.8 }

func retries(w *World) { w.Retries = 3 }

func noise(w *World) { w.ErrorNoise, w.LatencyNoise = 0.25, 0.01 }

func cold(slower float64, d time.Duration, step, fresh bool) func(w *World) {
	return func(w *World) { w.Cold, w.Fresh = Cold{slower, d, step}, fresh }
}

func harm(h Harm) func(w *World) { return func(w *World) { w.Harm = h } }

// Harmless are the worlds in which the candidate is the version that runs already: whoever rolls it
// back is wrong.
func Harmless() []World {
	return []World{
		usual("0.2 requests/s", rate(0.2)),
		usual("10 requests/s", rate(10)),
		usual("100 requests/s"),
		usual("1000 requests/s", rate(1000)),
		usual("bursts", bursts),
		usual("day and night", func(w *World) { w.Diurnal = 0.6 }),
		usual("incident of all", func(w *World) { w.Incident = Incident{Span{150 * time.Second, 5 * time.Minute}, 0.03} }),
		usual("cold start, 30 s", cold(1, 30*time.Second, false, false)),
		usual("cold start, step of 90 s", cold(0.8, 90*time.Second, true, false)),
		usual("cold start, 200 s", cold(1, 200*time.Second, false, false)),
		usual("cold start, step of 90 s, fresh baseline", cold(0.8, 90*time.Second, true, true)),
		usual("cold start, 200 s, fresh baseline", cold(1, 200*time.Second, false, true)),
		usual("retries", retries),
		usual("noise of instances", noise),
		usual("noise of instances, doubled", func(w *World) { w.ErrorNoise, w.LatencyNoise = 0.5, 0.02 }),
		usual("one in a hundred fails", func(w *World) { w.ErrorRate = 0.01 }),
		usual("failures 20 s late", func(w *World) { w.Late = 20 * time.Second }),
		usual("counts are lost", func(w *World) { w.Resets = time.Minute }),
	}
}

// Harmful are the worlds in which the candidate does harm: whoever promotes it is wrong.
func Harmful() []World {
	return []World{
		usual("errors .1 to 1 %", harm(Harm{ErrorRate: 0.01})),
		usual("errors .1 to .2 %", harm(Harm{ErrorRate: 0.002})),
		usual("errors 1 to 3 %", harm(Harm{ErrorRate: 0.03}), func(w *World) { w.ErrorRate = 0.01 }),
		usual("errors .1 to 1 %, 10 requests/s", harm(Harm{ErrorRate: 0.01}), rate(10)),
		usual("errors .1 to 1 %, 1000 requests/s", harm(Harm{ErrorRate: 0.01}), rate(1000)),
		usual("outage", harm(Harm{ErrorRate: 1})),
		usual("outage, 10 requests/s", harm(Harm{ErrorRate: 1}), rate(10)),
		usual("outage, 0.2 requests/s", harm(Harm{ErrorRate: 1}), rate(0.2)),
		usual("latency +20 %", harm(Harm{Slower: 0.2})),
		usual("latency +5 %", harm(Harm{Slower: 0.05})),
		usual("tail, 2 % are 8 times as slow", harm(Harm{Tail: 0.02, TailTimes: 8})),
		usual("errors leak, 2 % an hour", harm(Harm{ErrorLeak: 0.02})),
		usual("latency leaks, 1 % a minute", harm(Harm{LatencyLeak: 0.01})),
		usual("errors .1 to 1 % after 150 s", harm(Harm{ErrorRate: 0.01, After: 150 * time.Second})),
		usual("errors .1 to 1 % in bursts", harm(Harm{ErrorRate: 0.01}), bursts),
		usual("errors .1 to 1 % with retries", harm(Harm{ErrorRate: 0.01}), retries),
		usual("errors .1 to 1 % in noise", harm(Harm{ErrorRate: 0.01}), noise),
		usual("latency +20 % in noise", harm(Harm{Slower: 0.2}), noise),
		usual("errors .1 to 1 %, 20 s late", harm(Harm{ErrorRate: 0.01}), func(w *World) { w.Late = 20 * time.Second }),
	}
}

// Twin is the harmless world with the same traffic; false where there is none.
func Twin(w World) (World, bool) {
	for _, h := range Harmless() {
		w.Name, w.Harm = h.Name, h.Harm
		if w == h {
			return h, true
		}
	}
	return World{}, false
}

// Odd are the worlds of which nobody can say what is right; only that silence is never a pass.
func Odd() []World {
	return []World{
		usual("no data from the candidate", func(w *World) { w.Silent = true }),
		usual("the candidate fails for 5 s", func(w *World) { w.Blip = Span{120 * time.Second, Cell} }),
	}
}
