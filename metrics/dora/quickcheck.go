package dora

// QuickCheck is the score of DORA's quick check, from 0 to 10, of what was measured in place of asked for.
// What was not measured does not count; in a report that is so, too, where its rules call no data 0.
type QuickCheck struct {
	// Year is the edition: 2024 has four metrics, 2025 has the rework rate besides.
	Year                int    `json:"year"`
	LeadTime            Figure `json:"lead_time,omitzero"`
	DeploymentFrequency Figure `json:"deployment_frequency,omitzero"`
	Recovery            Figure `json:"failed_deployment_recovery,omitzero"`
	ChangeFailureRate   Figure `json:"change_failure_rate,omitzero"`
	ReworkRate          Figure `json:"rework_rate,omitzero"`
	// Throughput is the mean of the first three, Stability that of the last two.
	Throughput Figure `json:"throughput,omitzero"`
	Stability  Figure `json:"stability,omitzero"`
	Total      Figure `json:"total,omitzero"`
}

// QuickCheckOf scores figures by an edition, 2024 or 2025.
func QuickCheckOf(year int, m Metrics) QuickCheck {
	c := QuickCheck{Year: year}
	if m.LeadTime != nil {
		c.LeadTime = answered(m.LeadTime.Typical)
	}
	if perDay, ok := m.DeploymentFrequency.PerDay.Get(); ok && perDay > 0 {
		c.DeploymentFrequency = answered(Known(day / perDay))
	}
	if m.FailedDeploymentRecovery != nil {
		c.Recovery = answered(m.FailedDeploymentRecovery.Typical)
	}
	if m.ChangeFailureRate != nil {
		c.ChangeFailureRate = inverted(m.ChangeFailureRate.Rate.Rate)
	}
	if m.ReworkRate != nil && year >= 2025 {
		c.ReworkRate = inverted(m.ReworkRate.Rate)
	}
	c.Throughput = average(c.LeadTime, c.DeploymentFrequency, c.Recovery)
	c.Stability = average(c.ChangeFailureRate, c.ReworkRate)
	c.Total = average(c.LeadTime, c.DeploymentFrequency, c.Recovery, c.ChangeFailureRate, c.ReworkRate)
	return c
}

// measured are the figures without those that rules have made 0 of no data.
func (m Metrics) measured() Metrics {
	if m.LeadTime != nil && m.LeadTime.N == 0 {
		m.LeadTime = nil
	}
	if m.FailedDeploymentRecovery != nil && m.FailedDeploymentRecovery.N == 0 {
		m.FailedDeploymentRecovery = nil
	}
	if m.ChangeFailureRate != nil && m.ChangeFailureRate.N == 0 {
		m.ChangeFailureRate = nil
	}
	if m.ReworkRate != nil && m.ReworkRate.N == 0 {
		m.ReworkRate = nil
	}
	return m
}

// answered is the score of a duration, by the six answers that the check offers.
func answered(seconds Figure) Figure {
	s, ok := seconds.Get()
	if !ok {
		return Figure{}
	}
	answer := 6.0
	for _, limit := range []float64{hour, day, week, month, half} {
		if s >= limit {
			answer--
		}
	}
	return Known((answer - 1) / 5 * 10)
}

// inverted is the score of a share: fewer is better.
func inverted(share Figure) Figure {
	s, ok := share.Get()
	if !ok {
		return Figure{}
	}
	return Known(max(0, 10-s*10))
}

func average(figures ...Figure) Figure {
	var sum, n float64
	for _, f := range figures {
		if v, ok := f.Get(); ok {
			sum, n = sum+v, n+1
		}
	}
	if n == 0 {
		return Figure{}
	}
	return Known(sum / n)
}
