package maturity

// delivery2026 is a model of continuous delivery: the areas of Xebia's model and of Nobl9's guide that an engine of releases can tell something of, and legacy systems and
// collaboration besides. Most of it is evidence.
func delivery2026() Model {
	return Model{
		Name: "delivery", Title: "Continuous delivery", Version: "1", Year: 2026,
		Source: "Davit, after the areas of the Continuous Delivery Maturity Model (Xebia), A Guide to Continuous Delivery Maturity Model (Nobl9), and DORA 2023",
		Levels: []string{"Beginner", "Basic", "Intermediate", "Advanced", "Expert"},
		Dimensions: []Dimension{
			{Name: "build", Title: "Build and test", Practices: deliveryBuild()},
			{Name: "deployment", Title: "Deployment", Practices: deliveryDeployment()},
			{Name: "speed", Title: "Frequency and speed", Practices: deliverySpeed()},
			{Name: "risk", Title: "Quality and risk", Practices: deliveryRisk()},
			{Name: "legacy", Title: "Legacy systems", Practices: deliveryLegacy()},
			{Name: "collaboration", Title: "Collaboration", Practices: deliveryCollaboration()},
		},
	}
}

func deliveryBuild() []Practice {
	const ci, tests = "Xebia, Continuous Integration, level ", "Xebia, Test Automation, level "
	return []Practice{
		says(1, "built-centrally", "a machine builds, from version control", ci+"1", 4, 2).by(KindBuild.before(0.5, half)),
		says(1, "unit-tests", "a machine runs the tests of the code", tests+"1", 5, 3).by(KindTest.before(0.5, half)),
		says(2, "packaged", "what is deployed is known by its digest", ci+"2", 4, 2).by(least(FactDigest, 0.95, half)),
		says(2, "feature-tests", "features are tested by a machine", tests+"2", 4, 4),
		says(3, "built-once", "what was built once goes through all environments", ci+"3", 5, 2).by(least(FactSameArtifact, 0.95, half)),
		says(3, "tested-always", "nothing goes to production untested", tests+"3", 5, 3).by(KindTest.before(0.95, half)),
		says(4, "pipeline-decides", "measurements decide whether a version goes on", ci+"4", 5, 3).by(least(FactGated, 0.8, half)),
		says(4, "load-tests", "load and resilience are tested, too", tests+"4", 3, 4),
		says(5, "business-tests", "whether a feature is of use is measured", tests+"5", 3, 5),
	}
}

func deliveryDeployment() []Practice {
	const in, risk = "Xebia, Automated Deployment, level ", "Nobl9, Quality and risk, "
	return []Practice{
		says(1, "some-automated", "a machine does some deployments", in+"1", 5, 2).by(least(FactAutomated, 0.1, half)),
		says(2, "most-automated", "a machine does most deployments", in+"2", 5, 3).by(least(FactAutomated, 0.8, half)),
		says(3, "all-automated", "a machine does all deployments, everywhere in the same way", in+"3", 4, 3).by(least(FactAutomated, 1, half)),
		says(3, "no-gap", "deployments leave no gap", in+"3", 4, 2).by(bySome(0.95, half, gapless...)),
		says(4, "progressive", "a few users meet a version first", risk+"advanced", 4, 3).by(bySome(0.5, half, progressive...)),
		says(4, "rollback-exercised", "the way back was really walked", risk+"advanced", 5, 1).by(least(FactRollbacks, 1, half)),
		says(5, "rollback-reliable", "and it leads back", risk+"expert", 4, 3).by(least(FactRollbackSuccess, 0.9, year).of(3)),
		says(5, "toggles", "features are released apart from deployments", in+"5", 3, 3),
	}
}

func deliverySpeed() []Practice {
	const often, fast = "Nobl9, Frequency and speed; DORA 2023, deployment frequency", "Nobl9, Frequency and speed; DORA 2023, change lead time"
	return []Practice{
		says(1, "deployed", "it is deployed at all", often, 3, 1).only(most(FactAge, half, 0)),
		says(2, "monthly", "it is deployed once in a month", often, 4, 2).only(least(FactFrequency, 12.0/52, quarter)),
		says(2, "lead-month", "a change is in production within a month", fast, 4, 2).only(most(FactLeadTime, 720, quarter)),
		says(3, "weekly", "it is deployed once in a week", often, 4, 3).only(least(FactFrequency, 1, quarter)),
		says(3, "lead-week", "a change is in production within a week", fast, 4, 3).only(most(FactLeadTime, 168, quarter).of(5)),
		says(4, "daily", "it is deployed on each working day", often, 4, 4).only(least(FactFrequency, 5, quarter)),
		says(4, "lead-day", "a change is in production within a day", fast, 4, 4).only(most(FactLeadTime, 24, quarter).of(5)),
		says(5, "lead-hour", "a change is in production within an hour", fast, 3, 5).only(most(FactLeadTime, 1, quarter).of(5)),
	}
}

func deliveryRisk() []Practice {
	const in, failures, recovery = "Nobl9, Quality and risk", "DORA 2023, change failure rate", "DORA 2023, failed deployment recovery time"
	return []Practice{
		says(1, "failures-known", "it is known which deployments fail", in, 4, 1).by(most(FactFailureRate, 1, half)),
		says(2, "failures-15", "of a hundred deployments, at most 15 fail", failures, 4, 3).only(most(FactFailureRate, 0.15, half).of(5)),
		says(2, "recovery-week", "what failed is mended within a week", recovery, 4, 2).by(most(FactRecovery, 168, year)),
		says(3, "gate-refuses", "a gate has said no", in, 4, 2).by(least(FactRefusals, 1, half)),
		says(3, "recovery-day", "what failed is mended within a day", recovery, 4, 3).by(most(FactRecovery, 24, year)),
		says(4, "failures-10", "of a hundred deployments, at most 10 fail", failures, 4, 4).only(most(FactFailureRate, 0.10, half).of(10)),
		says(4, "little-rework", "of ten deployments, at most one is a repair", "DORA 2024, deployment rework rate", 3, 4).only(most(FactRework, 0.10, half).of(10)),
		says(5, "failures-5", "of a hundred deployments, at most 5 fail", failures, 3, 5).only(most(FactFailureRate, 0.05, half).of(20)),
		says(5, "recovery-hour", "what failed is mended within an hour", recovery, 5, 4).by(most(FactRecovery, 1, year)),
	}
}

func deliveryLegacy() []Practice {
	const in, provisioning = "Xebia, Architecture Autonomy, level ", "Xebia, Automated Deployment, level "
	return []Practice{
		says(1, "standing-known", "somebody answers for it, and says what is to become of it", in+"0", 4, 1),
		says(1, "deployed-this-year", "it was deployed within a year", in+"1", 3, 2).only(most(FactAge, year, 0)),
		says(2, "deployable", "a machine has deployed it", provisioning+"1", 5, 3).by(least(FactAutomated, 0.1, year)),
		says(2, "deployed-this-half-year", "it was deployed within half a year", in+"2", 4, 2).only(most(FactAge, half, 0)),
		says(3, "takes-back", "it was taken back once", in+"3", 4, 2).by(least(FactRollbacks, 1, year)),
		says(3, "deployed-this-quarter", "it was deployed within a quarter of a year", in+"3", 4, 3).only(most(FactAge, quarter, 0)),
		says(4, "no-legacy", "it is no legacy system", in+"4", 4, 5).only(least(FactCurrent, 1, 0)),
		says(5, "deployed-this-month", "it was deployed within a month", in+"5", 3, 3).only(most(FactAge, 30, 0)),
	}
}

func deliveryCollaboration() []Practice {
	const in, changes = "Xebia, Agile Delivery", "DORA capabilities, streamlining change approval"
	return []Practice{
		says(1, "hands-known", "it is known who has a hand in a release", in, 3, 1).by(most(FactHandoffs, 1000, half)),
		says(2, "few-handoffs", "a release changes hands four times at most", in, 4, 3).by(most(FactHandoffs, 4, half)),
		says(2, "waits-half", "at most half of the lead time is waiting for a yes", changes, 4, 2).by(most(FactApprovalWait, 0.5, half)),
		says(3, "fewer-handoffs", "a release changes hands twice at most", in, 4, 3).by(most(FactHandoffs, 2, half)),
		says(3, "waits-by-day", "of ten releases, at most three wait through the night of who approves", changes, 3, 2).by(most(FactNightWaits, 0.3, half)),
		says(4, "waits-tenth", "at most a tenth of the lead time is waiting for a yes", changes, 4, 3).by(most(FactApprovalWait, 0.1, half)),
		says(4, "one-team", "two teams at most have a hand in a release", in, 3, 4).by(most(FactGroups, 2, half)),
		says(5, "unattended", "of ten deployments, eight ask nobody", changes, 3, 4).by(least(FactUnattended, 0.8, half)),
	}
}
