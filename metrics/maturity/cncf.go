package maturity

// cncf is that part of the Cloud Native Maturity Model that is about delivery, with all five of its dimensions.
func cncf() Model {
	return Model{
		Name: "cncf", Title: "Cloud Native Maturity Model: delivery", Version: "4beta1", Year: 2025,
		Source: "CNCF Cloud Native Maturity Model, github.com/cncf/cartografos, reference/v4beta1",
		Levels: []string{"Build", "Operate", "Scale", "Improve", "Adapt"},
		Dimensions: []Dimension{
			{Name: "people", Title: "People", Practices: cncfPeople()},
			{Name: "process", Title: "Process", Practices: cncfProcess()},
			{Name: "policy", Title: "Policy", Practices: cncfPolicy()},
			{Name: "technology", Title: "Technology", Practices: cncfTechnology()},
			{Name: "business-outcomes", Title: "Business outcomes", Practices: cncfBusiness()},
		},
	}
}

func cncfPeople() []Practice {
	const in = "People, "
	return []Practice{
		says(1, "cross-functional", "those who build and those who run it try it out together", in+"Teams and Decentralization, level 1", 3, 2),
		says(2, "roles", "who answers for a service in production is laid down", in+"Organizational Change, level 2", 4, 2),
		says(3, "interfaces", "teams use each other's services by interfaces, not by tickets", in+"Organizational Change, level 3", 4, 4).by(most(FactHandoffs, 4, half)),
		says(4, "self-service", "a release passes through few hands", in+"Teams and Decentralization, level 4", 5, 4).by(most(FactHandoffs, 2, half)),
		says(5, "no-facilitation", "a release needs nobody outside of the team", in+"Teams and Decentralization, level 5", 4, 5).by(most(FactGroups, 1, half)),
	}
}

func cncfProcess() []Practice {
	const in = "Process, "
	return []Practice{
		says(1, "git-workflow", "changes go through version control", in+"Introduction, level 1", 4, 1),
		says(2, "structured-deployment", "builds and deployments follow one course", in+"Software Integration and Release, level 2", 5, 3).by(least(FactAutomated, 0.5, half)),
		says(2, "logs-aggregated", "what production logs is kept in one place", in+"Audit and Logs, level 2", 3, 3),
		says(3, "cadence-measured", "how often, how fast and how well one releases is measured", in+"Software Integration and Release, level 3", 3, 2).only(least(FactFrequency, 0.25, quarter)),
		says(3, "gated", "nothing goes to production without a gate", in+"Software Integration and Release, level 3", 4, 3).by(least(FactGated, 0.95, half)),
		says(3, "progressive", "canary and blue-green are tried out", in+"Software Integration and Release, level 3", 3, 3).by(bySome(0.05, year, Canary, BlueGreen, Waves)),
		says(3, "no-hands", "no human hand changes production", in+"Software Integration and Release, level 3", 4, 3).by(least(FactAutomated, 0.95, half)),
		says(4, "tests-decide", "only a test or a measurement keeps a version from production", in+"Software Integration and Release, level 4", 4, 4).by(least(FactUnattended, 0.8, half)),
		says(4, "delivery-metrics", "the metrics of DORA are there, and mean something to the business", in+"Software Integration and Release, level 4", 3, 2),
		says(4, "answers-to-failure", "what fails is taken back by itself", in+"Software Integration and Release, level 4", 4, 3).by(least(FactRollbackSuccess, 0.8, year)),
		says(5, "safe-and-fast", "deployments are frequent, and seldom fail", in+"Software Integration and Release, level 5", 4, 5).only(most(FactFailureRate, 0.05, quarter).of(10)),
		says(5, "supply-chain", "builds can be repeated, and where code comes from is known", in+"Security, level 5", 4, 4),
	}
}

func cncfPolicy() []Practice {
	const in = "Policy, "
	return []Practice{
		says(1, "policy-listed", "what one has to comply with is known", in+"Policy Creation, level 1", 3, 2),
		says(2, "policy-recorded", "the first policies are agreed upon, and recorded", in+"Policy Level Overview, level 2", 3, 2),
		says(3, "policy-as-code", "policies are code, and a part of the course to production", in+"Policy Level Overview, level 3", 4, 4),
		says(3, "policy-refuses", "they have kept something out", in+"Implementation and Compliance, level 3", 3, 2).by(least(FactRefusals, 1, year)),
		says(4, "policy-tested", "policies are tested as code is", in+"Implementation and Compliance, level 4", 3, 3),
		says(5, "policy-learns", "policies are changed by what was measured", in+"Policy Level Overview, level 5", 3, 4),
	}
}

func cncfTechnology() []Practice {
	const in = "Technology, "
	return []Practice{
		says(1, "containers-built", "artifacts are built by a machine, and versioned", in+"Container and Runtime Management, level 1", 4, 2).by(least(FactDigest, 0.5, half)),
		says(2, "in-production", "it runs in production, and is deployed there", in+"The Technology Overview, level 2", 4, 3).only(most(FactAge, half, 0)),
		says(2, "observed", "what runs is observed", in+"The Technology Overview, level 2", 4, 3),
		says(2, "settings-outside", "settings are not in the artifact", in+"Application Patterns and Refactoring, level 2", 3, 2).by(least(FactSameArtifact, 0.95, half)),
		says(3, "release-tooling", "deployments leave no gap", in+"Application Release and Operations, level 3", 4, 3).by(bySome(0.95, half, gapless...)),
		says(4, "lifecycle", "what is no longer needed is removed as easily as it came", in+"Architecture and Solution Design, level 4", 3, 3),
		says(4, "legacy-moved", "it is no legacy system", in+"Application Patterns and Refactoring, level 4", 4, 5).only(least(FactCurrent, 1, 0)),
		says(5, "proactive", "the platform answers to what happens by itself", in+"Container and Runtime Management, level 5", 4, 5),
	}
}

func cncfBusiness() []Practice {
	const in = "Business Outcomes, "
	return []Practice{
		says(1, "goals", "what it is for is said in numbers", in+"Level 1", 4, 1),
		says(2, "goals-measured", "these numbers are measured in production", in+"Level 2", 4, 2),
		says(3, "faster", "a change is in production within a week", in+"Level 3", 4, 3).only(most(FactLeadTime, 168, quarter).of(5)),
		says(4, "reported", "reports on compliance, security, performance and cost reach the business", in+"Level 4", 3, 2),
		says(5, "goals-met", "the goals are met, and revised", in+"Level 5", 3, 4),
	}
}
