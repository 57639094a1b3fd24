package maturity

// dora2023 has the clusters of DORA's report of 2023 as levels, with the limits that Apache DevLake uses for it. All of it is evidence.
func dora2023() Model {
	const in = "State of DevOps 2023, performance clusters: "
	frequency := func(level int, id, name string, perWeek float64) Practice {
		return says(level, id, name, in+"deployment frequency", 4, level).only(least(FactFrequency, perWeek, quarter))
	}
	lead := func(level int, id, name string, hours float64) Practice {
		return says(level, id, name, in+"change lead time", 4, level).only(most(FactLeadTime, hours, quarter).of(5))
	}
	failures := func(level int, id, name string, share float64) Practice {
		return says(level, id, name, in+"change failure rate", 4, level).only(most(FactFailureRate, share, quarter).of(5))
	}
	recovery := func(level int, id, name string, hours float64) Practice {
		return says(level, id, name, in+"failed deployment recovery time", 5, level).only(most(FactRecovery, hours, year))
	}
	return Model{
		Name: "dora", Title: "DORA's performance clusters", Version: "2023", Year: 2023,
		Source: "DORA, Accelerate State of DevOps 2023; limits of Apache DevLake, grafana/dashboards/DORA.json",
		Levels: []string{"Medium", "High", "Elite"},
		Dimensions: []Dimension{
			{Name: "throughput", Title: "Throughput", Practices: []Practice{
				frequency(1, "monthly", "deployed once in a month", 12.0/52), frequency(2, "weekly", "deployed once in a week", 1), frequency(3, "daily", "deployed on each working day", 5),
				lead(1, "lead-month", "a change is in production within a month", 720), lead(2, "lead-week", "within a week", 168), lead(3, "lead-day", "within a day", 24),
			}},
			{Name: "stability", Title: "Stability", Practices: []Practice{
				failures(1, "failures-15", "of a hundred deployments, at most 15 fail", 0.15), failures(2, "failures-10", "at most 10", 0.10), failures(3, "failures-5", "at most 5", 0.05),
				recovery(1, "recovery-week", "what failed is mended within a week", 168), recovery(2, "recovery-day", "within a day", 24), recovery(3, "recovery-hour", "within an hour", 1),
			}},
		},
	}
}
