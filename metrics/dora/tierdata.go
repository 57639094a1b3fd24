package dora

import "math"

// The tables of the reports, and the limits that tools have in their code.

func tiers2016() TierModel {
	return TierModel{
		Name: "2016", Year: 2016, Source: "Puppet and DORA, State of DevOps 2016, p. 15",
		Frequency:   []TierRange{upTo(High, 0, day), upTo(Medium, week, month), upTo(Low, month, half)},
		LeadTime:    []TierRange{upTo(High, 0, hour), upTo(Medium, week, month), upTo(Low, month, half)},
		FailureRate: []TierRange{upTo(High, 0, 0.15), upTo(Medium, 0.30, 0.45), upTo(Low, 0.15, 0.30)},
		Recovery:    []TierRange{upTo(High, 0, hour), upTo(Medium, 0, day), upTo(Low, 0, day)},
	}
}

func tiers2018() TierModel {
	return TierModel{
		Name: "2018", Year: 2018, Source: "DORA, Accelerate State of DevOps 2018, p. 15",
		Frequency:   []TierRange{upTo(Elite, 0, hour), upTo(High, hour, day), upTo(Medium, week, month), upTo(Low, week, month)},
		LeadTime:    []TierRange{upTo(Elite, 0, hour), upTo(High, day, week), upTo(Medium, week, month), upTo(Low, month, half)},
		FailureRate: []TierRange{upTo(Elite, 0, 0.15), upTo(High, 0, 0.15), upTo(Medium, 0, 0.15), upTo(Low, 0.45, 0.60)},
		Recovery:    []TierRange{upTo(Elite, 0, hour), upTo(High, 0, day), upTo(Medium, 0, day), upTo(Low, week, month)},
	}
}

func tiers2019() TierModel {
	return TierModel{
		Name: "2019", Year: 2019, Source: "DORA, Accelerate State of DevOps 2019, p. 18",
		Frequency:   []TierRange{upTo(Elite, 0, day), upTo(High, day, week), upTo(Medium, week, month), upTo(Low, month, half)},
		LeadTime:    []TierRange{upTo(Elite, 0, day), upTo(High, day, week), upTo(Medium, week, month), upTo(Low, month, half)},
		FailureRate: []TierRange{upTo(Elite, 0, 0.15), upTo(High, 0, 0.15), upTo(Medium, 0, 0.15), upTo(Low, 0.45, 0.60)},
		Recovery:    []TierRange{upTo(Elite, 0, hour), upTo(High, 0, day), upTo(Medium, 0, day), upTo(Low, week, month)},
	}
}

func tiers2021() TierModel {
	return TierModel{
		Name: "2021", Year: 2021, Source: "DORA, Accelerate State of DevOps 2021, p. 9",
		Frequency:   []TierRange{upTo(Elite, 0, day), upTo(High, week, month), upTo(Medium, month, half), above(Low, half)},
		LeadTime:    []TierRange{upTo(Elite, 0, hour), upTo(High, day, week), upTo(Medium, month, half), above(Low, half)},
		FailureRate: []TierRange{upTo(Elite, 0, 0.15), upTo(High, 0.15, 0.30), upTo(Medium, 0.15, 0.30), upTo(Low, 0.15, 0.30)},
		Recovery:    []TierRange{upTo(Elite, 0, hour), upTo(High, 0, day), upTo(Medium, day, week), above(Low, half)},
	}
}

func tiers2022() TierModel {
	return TierModel{
		Name: "2022", Year: 2022, Source: "DORA, Accelerate State of DevOps 2022 (numbers not checked against the report)",
		Frequency:   []TierRange{upTo(High, 0, day), upTo(Medium, week, month), upTo(Low, month, half)},
		LeadTime:    []TierRange{upTo(High, day, week), upTo(Medium, week, month), upTo(Low, month, half)},
		FailureRate: []TierRange{upTo(High, 0, 0.15), upTo(Medium, 0.15, 0.30), upTo(Low, 0.45, 0.60)},
		Recovery:    []TierRange{upTo(High, 0, day), upTo(Medium, day, week), upTo(Low, week, month)},
	}
}

func tiers2023() TierModel {
	return TierModel{
		Name: "2023", Year: 2023, Source: "DORA, Accelerate State of DevOps 2023 (below elite, numbers not checked against the report)",
		Frequency:   []TierRange{upTo(Elite, 0, day), upTo(High, day, week), upTo(Medium, week, month), upTo(Low, week, month)},
		LeadTime:    []TierRange{upTo(Elite, 0, day), upTo(High, day, week), upTo(Medium, week, month), upTo(Low, week, month)},
		FailureRate: []TierRange{upTo(Elite, 0, 0.05), upTo(High, 0.05, 0.10), upTo(Medium, 0.10, 0.15), upTo(Low, 0.15, 0.64)},
		Recovery:    []TierRange{upTo(Elite, 0, hour), upTo(High, 0, day), upTo(Medium, day, week), upTo(Low, month, half)},
	}
}

// tiers2024: the medium cluster fails less often (10 %) than the high one (20 %), which the best tier that holds hides.
func tiers2024() TierModel {
	return TierModel{
		Name: "2024", Year: 2024, Source: "DORA, Accelerate State of DevOps 2024, by extracts of others (failure rates of medium and low, and recovery of low, not checked)",
		Frequency:   []TierRange{upTo(Elite, 0, day), upTo(High, day, week), upTo(Medium, week, month), upTo(Low, month, half)},
		LeadTime:    []TierRange{upTo(Elite, 0, day), upTo(High, day, week), upTo(Medium, week, month), upTo(Low, month, half)},
		FailureRate: []TierRange{upTo(Elite, 0, 0.05), upTo(High, 0.05, 0.20), upTo(Medium, 0.05, 0.10), upTo(Low, 0.20, 0.40)},
		Recovery:    []TierRange{upTo(Elite, 0, hour), upTo(High, 0, day), upTo(Medium, 0, day), upTo(Low, week, month)},
	}
}

func tiersDevlake2021() TierModel {
	return TierModel{
		Name: "devlake-2021", Year: 2021, Source: "Apache DevLake, grafana/dashboards/DORA.json",
		Cadence:     []Cadence{{Elite, DaysPerWeek, 5}, {High, DaysPerMonth, 1}, {Medium, DaysPerHalfYear, 1}, {Low, PerDay, 0}},
		LeadTime:    []TierRange{upTo(Elite, 0, hour), upTo(High, hour, week), upTo(Medium, week, 180*day), above(Low, 180*day)},
		FailureRate: []TierRange{upTo(Elite, 0, 0.15), upTo(High, 0.15, 0.20), upTo(Medium, 0.20, 0.30), above(Low, 0.30)},
		Recovery:    []TierRange{upTo(Elite, 0, hour), upTo(High, hour, day), upTo(Medium, day, week), above(Low, week)},
	}
}

func tiersDevlake2023() TierModel {
	return TierModel{
		Name: "devlake-2023", Year: 2023, Source: "Apache DevLake, grafana/dashboards/DORA.json",
		Cadence:     []Cadence{{Elite, DaysPerWeek, 5}, {High, DaysPerWeek, 1}, {Medium, DaysPerMonth, 1}, {Low, PerDay, 0}},
		LeadTime:    []TierRange{upTo(Elite, 0, day), upTo(High, day, week), upTo(Medium, week, 30*day), above(Low, 30*day)},
		FailureRate: []TierRange{upTo(Elite, 0, 0.05), upTo(High, 0.05, 0.10), upTo(Medium, 0.10, 0.15), above(Low, 0.15)},
		Recovery:    []TierRange{upTo(Elite, 0, hour), upTo(High, hour, day), upTo(Medium, day, week), above(Low, week)},
	}
}

// tiersFourkeys: 46 % is the worst tier already, as one of the limits of rates there is no part of what it ends.
func tiersFourkeys() TierModel {
	below46 := math.Nextafter(0.46, 0)
	return TierModel{
		Name: "fourkeys", Year: 2021, Source: "dora-team/fourkeys, METRICS.md, Calculating the bucket",
		Cadence:     []Cadence{{"Daily", DaysPerWeek, 3}, {"Weekly", WeeksPerWeek, 1}, {"Monthly", WeeksPerMonth, 1}, {"Yearly", PerDay, 0}},
		LeadTime:    []TierRange{upTo("One day", 0, day), upTo("One week", day, week), upTo("One month", week, month), upTo("Six months", month, half), above("One year", half)},
		FailureRate: []TierRange{upTo("0-15%", 0, 0.15), upTo("16-45%", 0.15, below46), above("46-60%", below46)},
		Recovery:    []TierRange{upTo("One day", 0, day), upTo("One week", day, week), upTo("One month", week, month), upTo("Six months", month, half), above("One year", half)},
	}
}

// tiersMiddleware: one a month is medium, and more is high. There, numbers are whole: more than one is two.
func tiersMiddleware() TierModel {
	return TierModel{
		Name: "middleware", Year: 2024, Source: "Middleware, deployments/analytics.py",
		Cadence:     []Cadence{{Elite, PerDay, 1}, {High, PerWeek, 1}, {High, PerMonth, 2}, {Medium, PerMonth, 1}, {Low, PerDay, 0}},
		LeadTime:    []TierRange{upTo(Elite, 0, day), upTo(High, day, week), upTo(Medium, week, 30*day), above(Low, 30*day)},
		FailureRate: []TierRange{upTo(Elite, 0, 0.05), upTo(High, 0.05, 0.10), upTo(Medium, 0.10, 0.15), above(Low, 0.15)},
		Recovery:    []TierRange{upTo(Elite, 0, hour), upTo(High, hour, day), upTo(Medium, day, week), above(Low, week)},
	}
}
